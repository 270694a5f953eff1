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

#endif
