/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products, where nearly all time is spent: four at once, so that each value is loaded and
 * its zero point taken off once for four weights.
 *
 * There is a loop that compilers turn into vector instructions, and one for Arm's DSP extension,
 * whose instructions they do not find by themselves. */
#include "tinyrunner_nn.h"

/* Where there are vector instructions for the loop, it is the quicker one; for a Cortex-M55 clang
 * finds them, gcc 12 does not. */
#if defined(__ARM_NEON) || (defined(__ARM_FEATURE_MVE) && defined(__clang__))
#define TWO_AT_ONCE 0
#elif defined(__ARM_FEATURE_SIMD32)
#define TWO_AT_ONCE 1
#else
#define TWO_AT_ONCE 0
#endif

#if TWO_AT_ONCE

#include <arm_acle.h>
#include <string.h>

static int8x4_t load_four(const int8_t *bytes)
{
    int8x4_t four;

    memcpy(&four, bytes, sizeof four); /* at any address */
    return four;
}

/* Of four bytes the second and the fourth come to the places of the first and the third. */
static int8x4_t others(int8x4_t four)
{
    return (int8x4_t)((uint32_t)four >> 8 | (uint32_t)four << 24);
}

static int32_t add_products_of_four(int32_t sum, int16x2_t values, int16x2_t other_values,
                                    const int8_t *weights)
{
    const int8x4_t four = load_four(weights);

    sum = __smlad(values, __sxtb16(four), sum);
    return __smlad(other_values, __sxtb16(others(four)), sum);
}

/* How many of `count` values, a multiple of four, it has taken. */
static int32_t add_fours(const int8_t *values, int32_t zero_point, const int8_t *weights,
                         int32_t stride, int32_t count, int32_t *sums)
{
    const int16x2_t offset = (int16x2_t)(((uint32_t)-zero_point & 0xFFFFU) * 0x10001U);
    const int8_t *const end = values + (count & ~3);
    const int32_t stride_3 = 3 * stride;
    int32_t a = sums[0];
    int32_t b = sums[1];
    int32_t c = sums[2];
    int32_t d = sums[3];

    for (; values < end; values += 4, weights += 4) {
        const int8x4_t four = load_four(values);
        const int16x2_t x = __sxtab16(offset, four);
        const int16x2_t y = __sxtab16(offset, others(four));

        a = add_products_of_four(a, x, y, weights);
        b = add_products_of_four(b, x, y, weights + stride);
        c = add_products_of_four(c, x, y, weights + 2 * stride);
        d = add_products_of_four(d, x, y, weights + stride_3);
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return count & ~3;
}

#endif

static void add_four(const int8_t *values, int32_t zero_point, const int8_t *weights,
                     int32_t stride, int32_t count, int32_t *sums)
{
    const int8_t *const second = weights + stride;
    const int8_t *const third = second + stride;
    const int8_t *const fourth = third + stride;
    int32_t a = sums[0];
    int32_t b = sums[1];
    int32_t c = sums[2];
    int32_t d = sums[3];

    for (int32_t i = 0; i < count; i++) {
        const int32_t value = (int32_t)values[i] - zero_point;

        a += (int32_t)weights[i] * value;
        b += (int32_t)second[i] * value;
        c += (int32_t)third[i] * value;
        d += (int32_t)fourth[i] * value;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

void tr_nn_add_products(const int8_t *values, int32_t zero_point, const int8_t *weights,
                        int32_t stride, int32_t count, int32_t outputs, int32_t *sums)
{
    if (outputs == TR_NN_AT_ONCE) {
#if TWO_AT_ONCE
        const int32_t done = add_fours(values, zero_point, weights, stride, count, sums);

        values += done;
        weights += done;
        count -= done;
#endif
        add_four(values, zero_point, weights, stride, count, sums);
        return;
    }
    for (int32_t output = 0; output < outputs; output++) {
        for (int32_t i = 0; i < count; i++) {
            sums[output] += (int32_t)weights[i] * ((int32_t)values[i] - zero_point);
        }
        weights += stride;
    }
}
