/* SPDX-License-Identifier: Apache-2.0 */
/* The DUT library's settings; the Makefile passes this file as TR_CONFIG, and board.mk sets what
 * depends on the chip's memory. */
#ifndef TR_CONFIG_H
#define TR_CONFIG_H

#include "task.h"

#if TASK_IS_STREAM
#define TR_OWN_COMMANDS 1
#define TR_COMMAND_BYTES 1028 /* as in the reference firmware of sww: half a frame in a block */
#define TR_STREAM_UART_FRAMES 1
#ifndef TR_ECHO
#define TR_ECHO 1 /* as it does; make CPPFLAGS=-DTR_ECHO=0 leaves it out */
#endif
#endif

/* What board_cycles() is. QEMU has no DWT (its CYCCNT stays 0), and a Cortex-M0 none either. */
#if TR_LAYERS
#if defined(__riscv) && BOARD_EMULATED
#define BOARD_CYCLE_COUNTER "emulated: QEMU's mcycle"
#elif defined(__riscv)
#define BOARD_CYCLE_COUNTER "measured: mcycle"
#elif BOARD_EMULATED
#define BOARD_CYCLE_COUNTER "emulated: microseconds of QEMU's clock"
#elif __ARM_ARCH >= 7
#define BOARD_CYCLE_COUNTER "measured: DWT CYCCNT"
#endif
#endif

#endif
