/* SPDX-License-Identifier: Apache-2.0 */
/* A map's channels averaged over the whole map. */
#include "tinyrunner_nn.h"

static int32_t channel_sum(const int8_t *input, int32_t positions, int32_t channels,
                           int32_t channel)
{
    int32_t sum = 0;

    for (int32_t position = 0; position < positions; position++) {
        sum += input[position * channels + channel];
    }
    return sum;
}

void tr_nn_run_average(const tr_nn_average *layer, const int8_t *input, int8_t *output)
{
    const int32_t half = layer->positions / 2;

    for (int32_t channel = 0; channel < layer->channels; channel++) {
        const int32_t sum = channel_sum(input, layer->positions, layer->channels, channel);
        /* Division truncates: half of the divisor first rounds ties away from zero. */
        int32_t value = (sum > 0 ? sum + half : sum - half) / layer->positions;

        if (value < layer->clamp_min) {
            value = layer->clamp_min;
        }
        if (value > layer->clamp_max) {
            value = layer->clamp_max;
        }
        output[channel] = (int8_t)value;
    }
}

void tr_nn_run_mean(const tr_nn_mean *layer, const int8_t *input, int8_t *output)
{
    for (int32_t channel = 0; channel < layer->channels; channel++) {
        const int32_t sum = channel_sum(input, layer->positions, layer->channels, channel) -
                            layer->input_zero_point * layer->positions;

        output[channel] = tr_nn_to_int8(sum, &layer->output, 0, TR_NN_ROUND_HALF_AWAY);
    }
}
