/* SPDX-License-Identifier: Apache-2.0 */
/* What port.c needs of the model. model_ad.c: floats in, the reconstruction error out.
 * model_classes.c: bytes in, a score per class out. model_stream.c: frames of sound in. All run the
 * exported network. */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#include "tinyrunner_dut.h"

/* Convert the host's bytes to the model's input tensor. `count` is TASK_INPUT_BYTES. */
void model_load(const uint8_t *bytes, uint32_t count);

/* One inference. */
void model_infer(void);

/* Score `index` of the last inference, 0 to TASK_SCORES - 1; 0 before the first. */
float model_score(uint32_t index);

#if TR_OWN_COMMANDS
/* Prepare the streaming module; false: its configuration is incomplete. */
bool model_init(void);

/* As `command` of tr_dut_config. */
bool model_command(tr_dut *dut, const char *command, size_t count);
#endif

#endif
