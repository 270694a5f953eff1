/* SPDX-License-Identifier: Apache-2.0 */
/* A classifier of bytes: int8 for kws; uint8 for vww and ic, of which 128 is subtracted. */
#include "model.h"

#include "network_model.h"
#include "task.h"
#include "tinyrunner_nn.h"

#if TASK_INPUT_BYTES != NETWORK_INPUT_COUNT || TASK_SCORES != NETWORK_OUTPUT_COUNT
#error "the exported model is no model for this task"
#endif

static int8_t input_tensor[NETWORK_INPUT_COUNT];
static int8_t output_tensor[NETWORK_OUTPUT_COUNT];
static float scores[NETWORK_OUTPUT_COUNT];

void model_load(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const int32_t byte = bytes[i];
#if TASK_INPUT_IS_UINT8
        input_tensor[i] = (int8_t)(byte - 128);
#else
        input_tensor[i] = (int8_t)(byte < 128 ? byte : byte - 256);
#endif
    }
}

void model_infer(void)
{
    network_infer(input_tensor, output_tensor);
    tr_nn_dequantise(output_tensor, NETWORK_OUTPUT_COUNT, NETWORK_OUTPUT_SCALE,
                     NETWORK_OUTPUT_ZERO_POINT, scores);
}

float model_score(uint32_t index)
{
    return index < NETWORK_OUTPUT_COUNT ? scores[index] : 0.0F;
}
