/* SPDX-License-Identifier: Apache-2.0 */
/* The ad task: the model gives back its input, cleaned; the score is how far it is off. */
#include "network.h"

#include <string.h>

#include "network_model.h"
#include "tinyrunner_nn.h"

#if TASK_INPUT_BYTES != NETWORK_INPUT_COUNT * 4 || NETWORK_OUTPUT_COUNT != NETWORK_INPUT_COUNT
#error "the exported model is no model for this task"
#endif

static float window[NETWORK_INPUT_COUNT]; /* the host's floats: the score is measured by them */
static int8_t input_tensor[NETWORK_INPUT_COUNT];
static int8_t output_tensor[NETWORK_OUTPUT_COUNT];
static float score;

void network_load(const uint8_t *input)
{
    memcpy(window, input, sizeof window); /* little-endian floats, as on this processor */
    tr_nn_quantise(window, NETWORK_INPUT_COUNT, NETWORK_INPUT_SCALE, NETWORK_INPUT_ZERO_POINT,
                   input_tensor);
}

void network_run(void)
{
    network_infer(input_tensor, output_tensor);
    score = tr_nn_mean_squared_error(output_tensor, NETWORK_OUTPUT_COUNT, NETWORK_OUTPUT_SCALE,
                                     NETWORK_OUTPUT_ZERO_POINT, window);
}

float network_score(uint32_t index)
{
    return index == 0U ? score : 0.0F;
}
