/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax by a table. */
#include "tinyrunner_nn.h"

void tr_nn_run_softmax(const tr_nn_softmax *layer, const int8_t *input, int8_t *output)
{
    int32_t largest = input[0];
    float sum = 0.0F;

    for (int32_t i = 1; i < layer->count; i++) {
        if (input[i] > largest) {
            largest = input[i];
        }
    }
    for (int32_t i = 0; i < layer->count; i++) {
        sum += layer->table[largest - input[i]];
    }
    /* The largest input contributes the table's first value, 1, so the sum is never 0. */
    const float inverse = 1.0F / (sum * layer->output_scale);

    for (int32_t i = 0; i < layer->count; i++) {
        const float scaled = layer->table[largest - input[i]] * inverse;
        int32_t value = (int32_t)scaled;

        if (scaled - (float)value >= 0.5F) {
            value++;
        }
        value += layer->output_zero_point;
        output[i] = (int8_t)(value > 127 ? 127 : value);
    }
}
