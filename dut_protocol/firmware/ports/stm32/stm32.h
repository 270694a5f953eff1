/* SPDX-License-Identifier: Apache-2.0 */
/* What the ports of STM32 chips share: USART1 of the families F1, F2, F4 and L1, and the wait for a
 * clock. board.mk gives the chip's address as STM32_USART1. */
#ifndef STM32_H
#define STM32_H

#include <stdbool.h>
#include <stdint.h>

/* 115200 baud, transmitter on; the pins are the board's doing. board.h's functions of the UART, and
 * its interrupt, are stm32.c's. */
void stm32_start_usart(uint32_t clock_hz);

/* Wait, not for ever, until (*place & mask) == value; false: it never was. A chip without its
 * crystal, and QEMU, which has no clock tree, go on with the clock that they start with. */
bool stm32_becomes(const volatile uint32_t *place, uint32_t mask, uint32_t value);

#endif
