/* SPDX-License-Identifier: Apache-2.0 */
/* Floats off the wire, quantisation, dequantisation, and the ad task's score. One operation a
 * statement, so that none is fused. */
#include <string.h>

#include "tinyrunner_nn.h"

void tr_nn_read_floats(const uint8_t *bytes, int32_t count, float *values)
{
    for (int32_t i = 0; i < count; i++, bytes += 4) {
        const uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                              (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;

        memcpy(&values[i], &bits, sizeof bits);
    }
}

void tr_nn_quantise(const float *values, int32_t count, float scale, int32_t zero_point,
                    int8_t *output)
{
    const float min = (float)(-128 - zero_point);
    const float max = (float)(127 - zero_point);

    for (int32_t i = 0; i < count; i++) {
        float scaled = values[i] / scale;

        /* Clamped first, so that the conversion is defined; NaN fails the comparison, too. */
        if (!(scaled > min)) {
            scaled = min;
        }
        if (scaled > max) {
            scaled = max;
        }
        int32_t rounded = (int32_t)scaled; /* truncates */
        const float fraction = scaled - (float)rounded;

        if (fraction >= 0.5F) {
            rounded++;
        } else if (fraction <= -0.5F) {
            rounded--;
        }
        output[i] = (int8_t)(rounded + zero_point);
    }
}

void tr_nn_dequantise(const int8_t *values, int32_t count, float scale, int32_t zero_point,
                      float *output)
{
    for (int32_t i = 0; i < count; i++) {
        output[i] = (float)(values[i] - zero_point) * scale;
    }
}

float tr_nn_mean_squared_error(const int8_t *output, int32_t count, float scale, int32_t zero_point,
                               const float *input)
{
    float sum = 0.0F;

    for (int32_t i = 0; i < count; i++) {
        const float value = (float)(output[i] - zero_point) * scale;
        const float error = value - input[i];
        const float square = error * error;

        sum += square;
    }
    return sum / (float)count;
}
