/* SPDX-License-Identifier: Apache-2.0 */
/* From a layer's 32-bit sums to int8. */
#include "tinyrunner_nn.h"

/* Rounds down. C leaves >> of a negative number to the implementation; nearly all do this. */
static int32_t shift_right_floor(int32_t value, int32_t bits)
{
    if ((-1 >> 1) == -1) {
        return value >> bits;
    }
    return value < 0 ? ~(~value >> bits) : value >> bits;
}

/* The high half of twice the product, rounded half up; `multiplier` is not negative. */
static int32_t high_half(int32_t value, int32_t multiplier)
{
    const int64_t product = (int64_t)value * multiplier + ((int64_t)1 << 30);

    if ((-1 >> 1) == -1) {
        return (int32_t)(product >> 31);
    }
    return (int32_t)(product < 0 ? ~(~product >> 31) : product >> 31);
}

int32_t tr_nn_requantise(int32_t sum, int32_t multiplier, int32_t shift, tr_nn_rounding rounding)
{
    if (shift >= 0) {
        return high_half(sum * ((int32_t)1 << shift), multiplier);
    }
    const int32_t high = high_half(sum, multiplier);
    const int32_t twice = shift_right_floor(high, -shift - 1); /* one bit behind the point */
    const uint32_t cut_off = (uint32_t)high & (((uint32_t)1 << (-shift - 1)) - 1U);

    /* Where nothing else was cut off, this bit alone is a tie. */
    if (rounding == TR_NN_ROUND_HALF_AWAY && high < 0 && cut_off == 0U) {
        return shift_right_floor(twice, 1);
    }
    return shift_right_floor(twice + 1, 1);
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
