/* SPDX-License-Identifier: Apache-2.0 */
/* The DUT library's settings for this board; the Makefile passes this file as TR_CONFIG. */
#ifndef TR_CONFIG_H
#define TR_CONFIG_H

/* Memory is plentiful: the ring holds all that a host sends ahead. */
#define TR_RING_BYTES 8192
#define TR_BIN_BLOCK_BYTES 512

#endif
