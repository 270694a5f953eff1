/* SPDX-License-Identifier: Apache-2.0 */
/* The convolution and the depthwise convolution. */
#include "tinyrunner_nn.h"

/* A stretch of the kernel along one axis that lies inside of the map. */
typedef struct {
    int32_t first; /* in the kernel */
    int32_t end;
    int32_t at;    /* the map's index of the kernel's index 0; may be negative */
} span;

static span inside(int32_t place, int32_t stride, int32_t pad, int32_t kernel, int32_t map)
{
    span found;

    found.at = place * stride - pad;
    found.first = found.at < 0 ? -found.at : 0;
    found.end = map - found.at < kernel ? map - found.at : kernel;
    return found;
}

static int32_t conv_sum(const tr_nn_conv *layer, const int8_t *input, span rows,
                        span columns, int32_t channel)
{
    const int32_t depth = layer->in_channels;
    const int8_t *kernel =
        layer->weights + channel * layer->kernel_rows * layer->kernel_columns * depth;
    const int32_t width = columns.end - columns.first; /* adjacent in the map and in the kernel */
    int32_t sum = layer->biases[channel];

    for (int32_t row = rows.first; row < rows.end; row++) {
        const int8_t *weights = kernel + (row * layer->kernel_columns + columns.first) * depth;
        const int8_t *values =
            input + ((rows.at + row) * layer->in_columns + columns.at + columns.first) * depth;

        for (int32_t i = 0; i < width * depth; i++) {
            sum += (int32_t)weights[i] * ((int32_t)values[i] - layer->input_zero_point);
        }
    }
    return sum;
}

static int32_t depthwise_sum(const tr_nn_conv *layer, const int8_t *input, span rows,
                             span columns, int32_t channel)
{
    const int32_t depth = layer->in_channels;
    int32_t sum = layer->biases[channel];

    for (int32_t row = rows.first; row < rows.end; row++) {
        for (int32_t column = columns.first; column < columns.end; column++) {
            const int32_t weight =
                layer->weights[(row * layer->kernel_columns + column) * depth + channel];
            const int32_t value =
                input[((rows.at + row) * layer->in_columns + columns.at + column) * depth +
                      channel];

            sum += weight * (value - layer->input_zero_point);
        }
    }
    return sum;
}

typedef int32_t (*sum_at)(const tr_nn_conv *layer, const int8_t *input, span rows,
                          span columns, int32_t channel);

static void run(const tr_nn_conv *layer, const int8_t *input, int8_t *output, sum_at sum,
                tr_nn_ties ties)
{
    for (int32_t row = 0; row < layer->out_rows; row++) {
        const span rows =
            inside(row, layer->stride_rows, layer->pad_top, layer->kernel_rows, layer->in_rows);

        for (int32_t column = 0; column < layer->out_columns; column++) {
            const span columns = inside(column, layer->stride_columns, layer->pad_left,
                                        layer->kernel_columns, layer->in_columns);

            for (int32_t channel = 0; channel < layer->out_channels; channel++) {
                *output++ = tr_nn_to_int8(sum(layer, input, rows, columns, channel),
                                                  &layer->output, channel, ties);
            }
        }
    }
}

void tr_nn_run_conv(const tr_nn_conv *layer, const int8_t *input, int8_t *output)
{
    run(layer, input, output, conv_sum, TR_NN_TIES_UP);
}

void tr_nn_run_depthwise(const tr_nn_conv *layer, const int8_t *input,
                         int8_t *output)
{
    run(layer, input, output, depthwise_sum, TR_NN_TIES_FROM_ZERO);
}
