/* SPDX-License-Identifier: Apache-2.0 */
/* The fully connected layer. */
#include "tinyrunner_nn.h"

void tr_nn_run_dense(const tr_nn_dense *layer, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < layer->outputs; row += TR_NN_AT_ONCE) {
        const int32_t left = layer->outputs - row;
        const int32_t count = left < TR_NN_AT_ONCE ? left : TR_NN_AT_ONCE;
        int32_t sums[TR_NN_AT_ONCE];

        for (int32_t i = 0; i < count; i++) {
            sums[i] = layer->biases[row + i];
        }
        tr_nn_add_products(input, layer->input_zero_point, layer->weights + row * layer->inputs,
                           layer->inputs, layer->inputs, count, sums);
        for (int32_t i = 0; i < count; i++) {
            output[row + i] = tr_nn_to_int8(sums[i], &layer->output, 0, TR_NN_ROUND_HALF_UP);
        }
    }
}
