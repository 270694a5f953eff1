/* SPDX-License-Identifier: Apache-2.0 */
/* What port.c needs of the board: six functions for board.c, written with the vendor's SDK or the
 * registers. The bare ports of the library's repository show them for several chips. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Clocks, the UART (8 data bits, no parity, 1 stop bit; 115200 for performance, 9600 for energy
 * firmware behind an IO manager), a timer of 1 MHz, the timestamp pin as an output, high. */
void board_init(void);

/* From now on the UART interrupts for each byte that it receives. */
void board_enable_uart_interrupt(void);

/* port.c's; to be called with each byte received. */
void UART_RX_Handler(uint8_t byte);

/* Send; return when the UART has the last byte. */
void board_uart_send(const char *bytes, size_t count);

/* A 32-bit count of microseconds that wraps at 2^32. A 16-bit timer needs its overflow interrupt:
 * a count that wraps earlier spoils every measurement across the wrap. The timer must run on while
 * the processor sleeps or computes. Beware of SysTick: its handler must not be locked out. */
uint32_t board_micros(void);

/* With TR_LAYERS, where the macro BOARD_CYCLE_COUNTER is given as well, which says what this is
 * (see tr_dut_config): the processor's cycles, 32 bits, free running; DWT CYCCNT or mcycle, say.
 * Else microseconds are counted. */
uint32_t board_cycles(void);

/* The level of the timestamp pin. */
void board_set_timestamp_pin(int high);

/* Called where there is nothing to do: let the processor sleep until an interrupt. With interrupts
 * masked, ask is_idle() once more, and only then `__WFI()`, which a masked interrupt ends as well;
 * then unmask. Without that question a byte might wait for the next. Doing nothing is right, too.
 */
void board_sleep(bool (*is_idle)(void));

#endif
