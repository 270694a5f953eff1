/* SPDX-License-Identifier: Apache-2.0 */
/* The tasks, and a small deterministic "network" for them. */
#include "host_model.h"

#include <string.h>

#include "tinyrunner_dut.h"

static const host_task tasks[] = {
    {"vww", "vww01", 27648, 2}, {"ic", "ic01", 3072, 10},
    {"kws", "kws01", 490, 12},  {"ad", "ad01", 2560, 1},
#if TR_OWN_COMMANDS
    {"sww", "sww01", 1024, 3}, /* frames; its model is host_stream.c's */
#endif
};

const host_task *host_task_find(const char *name)
{
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        if (strcmp(tasks[i].name, name) == 0) {
            return &tasks[i];
        }
    }
    return NULL;
}

void host_model_load(host_model *model, const uint8_t *input, uint32_t count)
{
    memcpy(model->tensor, input, count);
}

/* The host's bytes are little-endian, whatever this processor is. */
static float read_single(const uint8_t *bytes)
{
    const uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                          (uint32_t)bytes[3] << 24;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One layer: each score is a weighted sum of the input; together they are 1. */
void host_model_infer(host_model *model)
{
    const host_task *const task = model->task;
    uint32_t sums[HOST_MAX_SCORES];
    uint64_t total = 0;

    if (model->echo) {
        for (uint32_t i = 0; i < task->score_count; i++) {
            model->scores[i] = read_single(model->tensor + sizeof(float) * i);
        }
        return;
    }
    for (uint32_t i = 0; i < task->score_count; i++) {
        sums[i] = 1;
        for (uint32_t j = 0; j < task->input_bytes; j++) {
            sums[i] += (uint32_t)model->tensor[j] * ((i * 7U + j) % 13U);
        }
        total += sums[i];
    }
    for (uint32_t i = 0; i < task->score_count; i++) {
        model->scores[i] = (float)sums[i] / (float)total;
    }
    if (task->score_count == 1) { /* an error, not a probability */
        model->scores[0] = (float)sums[0] / (float)task->input_bytes;
    }
}
