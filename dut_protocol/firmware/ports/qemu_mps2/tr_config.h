/* SPDX-License-Identifier: Apache-2.0 */
/* The DUT library's settings for this board; the Makefile passes this file as TR_CONFIG. */
#ifndef TR_CONFIG_H
#define TR_CONFIG_H

#include "task.h"

/* Memory is plentiful: the ring holds all that a host sends ahead. */
#define TR_RING_BYTES 8192
#define TR_BIN_BLOCK_BYTES 512

#if TASK_IS_STREAM
#define TR_OWN_COMMANDS 1
#define TR_COMMAND_BYTES 1028 /* as in the reference firmware of sww: half a frame in a block */
#define TR_STREAM_UART_FRAMES 1
#ifndef TR_ECHO
#define TR_ECHO 1 /* as it does; make CPPFLAGS=-DTR_ECHO=0 leaves it out */
#endif
#endif

#endif
