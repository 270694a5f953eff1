/* SPDX-License-Identifier: Apache-2.0 */
/* The fully connected layer. */
#include "tinyrunner_nn.h"

void tr_nn_run_dense(const tr_nn_dense *layer, const int8_t *input, int8_t *output)
{
    const int8_t *weights = layer->weights;

    for (int32_t row = 0; row < layer->outputs; row++) {
        int32_t sum = layer->biases[row];

        for (int32_t column = 0; column < layer->inputs; column++) {
            sum += (int32_t)weights[column] * ((int32_t)input[column] - layer->input_zero_point);
        }
        output[row] = tr_nn_to_int8(sum, &layer->output, 0, TR_NN_ROUND_HALF_UP);
        weights += layer->inputs;
    }
}
