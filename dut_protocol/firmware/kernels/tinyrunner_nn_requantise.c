/* SPDX-License-Identifier: Apache-2.0 */
/* From a layer's 32-bit sums to int8. */
#include "tinyrunner_nn.h"

/* C leaves open what >> does to a negative number; this always rounds down. */
static int64_t shifted_down(int64_t value, int32_t bits)
{
    return value < 0 ? ~(~value >> bits) : value >> bits;
}

int32_t tr_nn_requantise(int32_t sum, int32_t multiplier, int32_t shift, tr_nn_ties ties)
{
    const int64_t scaled = shift > 0 ? (int64_t)sum * ((int64_t)1 << shift) : (int64_t)sum;
    const int64_t high = shifted_down(scaled * multiplier + ((int64_t)1 << 30), 31);

    if (shift >= 0) {
        return (int32_t)high;
    }
    const int64_t half = (int64_t)1 << (-shift - 1);

    if (ties == TR_NN_TIES_FROM_ZERO && high < 0) {
        return (int32_t)-((half - high) >> -shift);
    }
    return (int32_t)shifted_down(high + half, -shift);
}

int8_t tr_nn_to_int8(int32_t sum, const tr_nn_output *output, int32_t channel, tr_nn_ties ties)
{
    int32_t value = tr_nn_requantise(sum, output->multipliers[channel], output->shifts[channel],
                                     ties) +
                    output->zero_point;

    if (value < output->least) {
        value = output->least;
    }
    if (value > output->most) {
        value = output->most;
    }
    return (int8_t)value;
}
