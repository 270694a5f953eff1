/* A stand-in. After raspberrypi/pico-sdk, src/common/pico_stdlib_headers; the pins are those of
 * src/boards/include/boards/pico.h. */
#ifndef STAND_IN_STDLIB_H
#define STAND_IN_STDLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned int uint;

#define PICO_DEFAULT_UART_TX_PIN 0
#define PICO_DEFAULT_UART_RX_PIN 1

#endif
