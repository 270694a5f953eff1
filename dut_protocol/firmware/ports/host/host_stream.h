/* SPDX-License-Identifier: Apache-2.0 */
/* The streaming wake word on this computer: the pins are lines on standard error, and the sound
 * comes by `db load 1024` and `frame`. */
#ifndef HOST_STREAM_H
#define HOST_STREAM_H

#include "tinyrunner_dut.h"

/* Put the streaming module's hooks into `config` where its model is that of sww. Does nothing where
 * the module is not compiled in (TR_OWN_COMMANDS is 0). */
void host_stream_take_over(tr_dut_config *config);

#endif
