/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exported model behind the harness's hooks. network_ad.c: floats in, the error of what the
 * model makes of them out. network_classes.c: bytes in, a score per class out.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

#include "task.h"

/* The input of TASK_INPUT_BYTES bytes, as the host has sent it, to the model's input tensor. */
void network_load(const uint8_t *input);

void network_run(void);

/* Score `index` of the last run, below TASK_SCORES; 0 before the first. */
float network_score(uint32_t index);

#endif
