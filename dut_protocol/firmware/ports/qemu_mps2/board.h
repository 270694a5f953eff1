/* SPDX-License-Identifier: Apache-2.0 */
/* What this board gives the firmware: a serial port, a clock, a pin, and sleep. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Initialise all of it. Nothing is received before board_enable_uart_interrupt(). */
void board_init(void);

/* From now on each byte received is passed to `on_receive`, called from the interrupt. */
void board_enable_uart_interrupt(void (*on_receive)(uint8_t byte));

/* Send; return when the UART has the last byte. */
void board_uart_send(const char *bytes, size_t count);

/* Microseconds; wraps at 2^32, after 71.6 minutes. */
uint32_t board_micros(void);

/* Pull the timestamp pin low for at least a microsecond; here it is the board's first LED. */
void board_pulse_timestamp_pin(void);

/* The pins of the streaming wake word, here two LEDs: PROCESSING, at least a microsecond a level;
 * WW_DETECTED low for at least a microsecond. */
void board_set_processing_pin(bool high);
void board_pulse_detection_pin(void);

/* Bytes received so far, modulo 2^32. */
uint32_t board_receive_count(void);

/* Sleep until an interrupt, unless board_receive_count() is no longer `expected_count`. */
void board_sleep(uint32_t expected_count);

/* The interrupt of the UART's receiver; for the vector table. */
void board_uart_rx_handler(void);

#endif
