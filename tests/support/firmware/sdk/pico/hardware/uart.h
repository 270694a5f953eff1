/* A stand-in. After raspberrypi/pico-sdk, src/rp2_common/hardware_uart/include/hardware/uart.h. */
#ifndef STAND_IN_HARDWARE_UART_H
#define STAND_IN_HARDWARE_UART_H

#include "pico/stdlib.h"

typedef struct uart_inst uart_inst_t;

extern uart_inst_t *const stand_in_uart;
#define uart_default stand_in_uart

uint uart_get_index(uart_inst_t *uart);
uint uart_init(uart_inst_t *uart, uint baudrate);
void uart_set_irq_enables(uart_inst_t *uart, bool rx_has_data, bool tx_needs_data);
bool uart_is_readable(uart_inst_t *uart);
void uart_write_blocking(uart_inst_t *uart, const uint8_t *src, size_t len);
char uart_getc(uart_inst_t *uart);

#endif
