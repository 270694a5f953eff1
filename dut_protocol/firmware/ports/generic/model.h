/* SPDX-License-Identifier: Apache-2.0 */
/* What port.c needs of the model: three functions for model.c, around your network's code. */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#include "tinyrunner_dut.h"

/* Copy or convert the host's bytes to the model's input tensor. `count` is TASK_INPUT_BYTES. The
 * inputs of kws are int8; those of vww and ic are uint8 pixels, of which an int8 model wants 128
 * subtracted; those of ad are little-endian float32, to be quantised by the model's scale and zero
 * point. Not measured; called once for each `infer N W`. */
void model_load(const uint8_t *bytes, uint32_t count);

/* One inference, and nothing else: no printing, no copying of results. Called W + N times in a row
 * on the same tensor. An interpreter that reuses its input's memory for intermediate results
 * (TensorFlow Lite Micro's planner may) must keep a copy and restore it here. */
void model_infer(void);

/* Score `index` of the last inference, dequantised: a probability from 0 to 1 for each class in the
 * order of the data set's labels; for ad the mean squared error between input and output. 0 before
 * the first inference. */
float model_score(uint32_t index);

#if TR_OWN_COMMANDS
/* For a streaming task: prepare; execute one of its commands (false: it is none); work on the frame
 * of sound that has come, if one has; tell whether none has. */
bool model_init(void);
bool model_command(tr_dut *dut, const char *command, size_t count);
void model_poll(void);
bool model_is_idle(void);
#endif

#endif
