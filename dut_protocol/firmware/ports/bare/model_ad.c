/* SPDX-License-Identifier: Apache-2.0 */
/* The ad task: the model reconstructs its input; the score is the mean squared error. */
#include "model.h"

#include "network_model.h"
#include "task.h"
#include "tinyrunner_nn.h"

#if TASK_INPUT_BYTES != NETWORK_INPUT_COUNT * 4 || NETWORK_OUTPUT_COUNT != NETWORK_INPUT_COUNT
#error "the exported model is no model for this task"
#endif

static float window[NETWORK_INPUT_COUNT]; /* before quantisation: the error is measured by it */
static int8_t input_tensor[NETWORK_INPUT_COUNT];
static int8_t output_tensor[NETWORK_OUTPUT_COUNT];
static float score;

void model_load(const uint8_t *bytes, uint32_t count)
{
    (void)count; /* it is sizeof window */
    tr_nn_read_floats(bytes, NETWORK_INPUT_COUNT, window);
    tr_nn_quantise(window, NETWORK_INPUT_COUNT, NETWORK_INPUT_SCALE, NETWORK_INPUT_ZERO_POINT,
                   input_tensor);
}

void model_infer(void)
{
    network_infer(input_tensor, output_tensor);
    score = tr_nn_mean_squared_error(output_tensor, NETWORK_OUTPUT_COUNT, NETWORK_OUTPUT_SCALE,
                                     NETWORK_OUTPUT_ZERO_POINT, window);
}

float model_score(uint32_t index)
{
    return index == 0U ? score : 0.0F;
}
