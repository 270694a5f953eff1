/* A stand-in. After espressif/esp-idf, components/soc/esp32s3/include/soc/uart_pins.h. */
#ifndef STAND_IN_UART_PINS_H
#define STAND_IN_UART_PINS_H

#define U0RXD_GPIO_NUM 44
#define U0TXD_GPIO_NUM 43

#endif
