/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of two maps. */
#include "tinyrunner_nn.h"

#define BITS 20 /* to the left, before the inputs are brought to one scale */

static int32_t to_shared_scale(const tr_nn_add *layer, int32_t which, int8_t value)
{
    const int32_t difference = (int32_t)value - layer->zero_points[which];

    return tr_nn_requantise(difference * (1 << BITS), layer->multipliers[which],
                            layer->shifts[which], TR_NN_ROUND_HALF_AWAY);
}

void tr_nn_run_add(const tr_nn_add *layer, const int8_t *first, const int8_t *second,
                   int8_t *output)
{
    for (int32_t i = 0; i < layer->count; i++) {
        const int32_t sum =
            to_shared_scale(layer, 0, first[i]) + to_shared_scale(layer, 1, second[i]);

        output[i] = tr_nn_to_int8(sum, &layer->output, 0, TR_NN_ROUND_HALF_AWAY);
    }
}
