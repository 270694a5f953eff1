/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products, where nearly all time is spent: four at once, so that each value is loaded and
 * its zero point taken off once for four weights. */
#include "tinyrunner_nn.h"

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
