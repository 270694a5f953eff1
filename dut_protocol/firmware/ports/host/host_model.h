/* SPDX-License-Identifier: Apache-2.0 */
/* A small deterministic "network" of the size of a task's, for the host port and its tests. */
#ifndef HOST_MODEL_H
#define HOST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_MAX_INPUT_BYTES 65536U
#define HOST_MAX_SCORES 64U

typedef struct host_task {
    const char *name; /* as in `tinyrunner check --task` */
    const char *model_id;
    uint32_t input_bytes;
    uint32_t score_count;
} host_task;

/* NULL: there is no task of this name. */
const host_task *host_task_find(const char *name);

typedef struct host_model {
    const host_task *task;
    bool echo; /* scores are the input's first bytes, as singles of the host's byte order */
    uint8_t tensor[HOST_MAX_INPUT_BYTES];
    float scores[HOST_MAX_SCORES];
} host_model;

void host_model_load(host_model *model, const uint8_t *input, uint32_t count);
void host_model_infer(host_model *model);

#endif
