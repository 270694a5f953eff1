/* SPDX-License-Identifier: Apache-2.0 */
/* A board with Raspberry Pi's Pico SDK: the default UART and its pins, the timer of microseconds, a
 * GPIO. All on core 0. */
#include "board.h"

#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "hardware/uart.h"
#include "pico/stdlib.h"

#ifndef BOARD_BAUD_RATE
#define BOARD_BAUD_RATE 115200
#endif

#ifndef BOARD_TIMESTAMP_PIN
#define BOARD_TIMESTAMP_PIN 2
#endif

/* The SDK lets it come when the FIFO holds four bytes, or the line rests. */
static void on_uart(void)
{
    while (uart_is_readable(uart_default)) {
        UART_RX_Handler((uint8_t)uart_getc(uart_default));
    }
}

void board_init(void)
{
    gpio_init(BOARD_TIMESTAMP_PIN);
    gpio_put(BOARD_TIMESTAMP_PIN, true); /* before it is an output: no pulse at boot */
    gpio_set_dir(BOARD_TIMESTAMP_PIN, GPIO_OUT);

    gpio_set_function(PICO_DEFAULT_UART_TX_PIN, GPIO_FUNC_UART);
    gpio_set_function(PICO_DEFAULT_UART_RX_PIN, GPIO_FUNC_UART);
    (void)uart_init(uart_default, BOARD_BAUD_RATE); /* 8 data bits, no parity, 1 stop bit */
}

void board_enable_uart_interrupt(void)
{
    const uint interrupt = uart_get_index(uart_default) == 0 ? UART0_IRQ : UART1_IRQ;

    irq_set_exclusive_handler(interrupt, on_uart);
    irq_set_enabled(interrupt, true);
    uart_set_irq_enables(uart_default, true, false);
}

void board_uart_send(const char *bytes, size_t count)
{
    uart_write_blocking(uart_default, (const uint8_t *)bytes, count);
}

uint32_t board_micros(void)
{
    return time_us_32();
}

void board_set_timestamp_pin(int high)
{
    gpio_put(BOARD_TIMESTAMP_PIN, high != 0);
}

void board_sleep(bool (*is_idle)(void))
{
    const uint32_t interrupts = save_and_disable_interrupts();

    if (is_idle()) {
        __wfi(); /* a masked interrupt ends it, and is served after the next line */
    }
    restore_interrupts(interrupts);
}
