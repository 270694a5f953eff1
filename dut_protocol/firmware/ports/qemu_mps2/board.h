/* SPDX-License-Identifier: Apache-2.0 */
/* What this board gives to the firmware: a serial port, a clock, a pin, and sleep. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Prepare all of it. Nothing is received before board_listen(). */
void board_init(void);

/* From now on each byte received goes to `take`, called from the interrupt. */
void board_listen(void (*take)(uint8_t byte));

/* Send, and wait until the last byte is on its way. */
void board_send(const char *bytes, size_t count);

/* Microseconds; wraps at 2^32, after 71.6 minutes. */
uint32_t board_micros(void);

/* The timestamp pin low for at least a microsecond; here it is the board's first LED. */
void board_pulse(void);

/* Bytes received so far, modulo 2^32. */
uint32_t board_received(void);

/* Sleep until an interrupt, unless a byte has come since board_received() was `seen`. */
void board_sleep(uint32_t seen);

/* The interrupt of the serial port's receiver; for the vector table. */
void board_uart_received(void);

#endif
