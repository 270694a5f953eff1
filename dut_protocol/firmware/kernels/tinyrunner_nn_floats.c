/* SPDX-License-Identifier: Apache-2.0 */
/* Between floats and int8, and the ad task's score. One operation a statement: no fused ones. */
#include "tinyrunner_nn.h"

void tr_nn_quantise(const float *values, int32_t count, float scale, int32_t zero_point,
                    int8_t *output)
{
    const float least = (float)(-128 - zero_point);
    const float most = (float)(127 - zero_point);

    for (int32_t i = 0; i < count; i++) {
        float steps = values[i] / scale;

        /* Clamped first, so that the conversion is defined; this way round NaN is caught too. */
        if (!(steps > least)) {
            steps = least;
        }
        if (steps > most) {
            steps = most;
        }
        int32_t whole = (int32_t)steps; /* truncates */
        const float rest = steps - (float)whole;

        if (rest >= 0.5F) {
            whole++;
        } else if (rest <= -0.5F) {
            whole--;
        }
        output[i] = (int8_t)(whole + zero_point);
    }
}

void tr_nn_dequantise(const int8_t *values, int32_t count, float scale, int32_t zero_point,
                      float *output)
{
    for (int32_t i = 0; i < count; i++) {
        output[i] = (float)(values[i] - zero_point) * scale;
    }
}

float tr_nn_mean_squared_error(const int8_t *output, int32_t count, float scale,
                               int32_t zero_point, const float *input)
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
