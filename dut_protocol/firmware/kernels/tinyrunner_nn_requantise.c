/* SPDX-License-Identifier: Apache-2.0 */
/* From a layer's 32-bit sums to int8. */
#include "tinyrunner_nn.h"

/* Rounds down. C leaves >> of a negative number to the implementation. */
static int64_t shift_right_floor(int64_t value, int32_t bits)
{
    return value < 0 ? ~(~value >> bits) : value >> bits;
}

int32_t tr_nn_requantise(int32_t sum, int32_t multiplier, int32_t shift, tr_nn_rounding rounding)
{
    const int64_t scaled = shift > 0 ? (int64_t)sum * ((int64_t)1 << shift) : (int64_t)sum;
    const int64_t high = shift_right_floor(scaled * multiplier + ((int64_t)1 << 30), 31);

    if (shift >= 0) {
        return (int32_t)high;
    }
    const int64_t half = (int64_t)1 << (-shift - 1);

    if (rounding == TR_NN_ROUND_HALF_AWAY && high < 0) {
        const int64_t magnitude = (half - high) >> -shift;

        return (int32_t)-magnitude;
    }
    return (int32_t)shift_right_floor(high + half, -shift);
}

int8_t tr_nn_to_int8(int32_t sum, const tr_nn_output *output, int32_t channel,
                     tr_nn_rounding rounding)
{
    int32_t value =
        tr_nn_requantise(sum, output->multipliers[channel], output->shifts[channel], rounding) +
        output->zero_point;

    if (value < output->clamp_min) {
        value = output->clamp_min;
    }
    if (value > output->clamp_max) {
        value = output->clamp_max;
    }
    return (int8_t)value;
}
