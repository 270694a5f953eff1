/* SPDX-License-Identifier: Apache-2.0 */
/* The board: to be filled in. As it is, it compiles and does nothing; board.h says what each
 * function must do. Where the vendor's SDK has a main() or a vector table of its own, have it call
 * port.c's UART_RX_Handler with each byte received. */
#include "board.h"

void board_init(void)
{
}

void board_enable_uart_interrupt(void)
{
}

void board_uart_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)bytes[i]; /* wait until the transmitter has room, then write its data register */
    }
}

uint32_t board_micros(void)
{
    static uint32_t ticks;

    return ticks++; /* the timer's count instead */
}

void board_set_timestamp_pin(int high)
{
    (void)high;
}

void board_sleep(bool (*is_idle)(void))
{
    (void)is_idle;
}
