/* SPDX-License-Identifier: Apache-2.0 */
/* The convolution and the depthwise convolution. */
#include "tinyrunner_nn.h"

/* The part of the kernel along one axis that lies inside the map. */
typedef struct kernel_range {
    int32_t begin;  /* index in the kernel */
    int32_t end;    /* one past the last */
    int32_t origin; /* the map's index at the kernel's index 0; may be negative */
} kernel_range;

static kernel_range clip_kernel(int32_t out_index, int32_t stride, int32_t pad, int32_t kernel_size,
                                int32_t map_size)
{
    kernel_range range;

    range.origin = out_index * stride - pad;
    range.begin = range.origin < 0 ? -range.origin : 0;
    range.end = map_size - range.origin < kernel_size ? map_size - range.origin : kernel_size;
    return range;
}

/* The sum of one output channel at one position of the kernel. */
typedef int32_t (*accumulate_fn)(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                                 kernel_range columns, int32_t channel);

static int32_t accumulate_conv(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                               kernel_range columns, int32_t channel)
{
    const int32_t depth = layer->in_channels;
    const int8_t *kernel =
        layer->weights + channel * layer->kernel_rows * layer->kernel_columns * depth;
    const int32_t width = columns.end - columns.begin; /* contiguous in the map and in the kernel */
    int32_t sum = layer->biases[channel];

    for (int32_t row = rows.begin; row < rows.end; row++) {
        const int8_t *weights = kernel + (row * layer->kernel_columns + columns.begin) * depth;
        const int8_t *values =
            input +
            ((rows.origin + row) * layer->in_columns + columns.origin + columns.begin) * depth;

        for (int32_t i = 0; i < width * depth; i++) {
            sum += (int32_t)weights[i] * ((int32_t)values[i] - layer->input_zero_point);
        }
    }
    return sum;
}

static int32_t accumulate_depthwise(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                                    kernel_range columns, int32_t channel)
{
    const int32_t multiplier = layer->out_channels / layer->in_channels;
    const int32_t from = multiplier == 1 ? channel : channel / multiplier;
    int32_t sum = layer->biases[channel];

    for (int32_t row = rows.begin; row < rows.end; row++) {
        for (int32_t column = columns.begin; column < columns.end; column++) {
            const int32_t weight =
                layer->weights[(row * layer->kernel_columns + column) * layer->out_channels +
                               channel];
            const int32_t value =
                input[((rows.origin + row) * layer->in_columns + columns.origin + column) *
                          layer->in_channels +
                      from];

            sum += weight * (value - layer->input_zero_point);
        }
    }
    return sum;
}

static void convolve(const tr_nn_conv *layer, const int8_t *input, int8_t *output,
                     accumulate_fn accumulate, tr_nn_rounding rounding)
{
    for (int32_t row = 0; row < layer->out_rows; row++) {
        const kernel_range rows = clip_kernel(row, layer->stride_rows, layer->pad_top,
                                              layer->kernel_rows, layer->in_rows);

        for (int32_t column = 0; column < layer->out_columns; column++) {
            const kernel_range columns = clip_kernel(column, layer->stride_columns, layer->pad_left,
                                                     layer->kernel_columns, layer->in_columns);

            for (int32_t channel = 0; channel < layer->out_channels; channel++) {
                *output++ = tr_nn_to_int8(accumulate(layer, input, rows, columns, channel),
                                          &layer->output, channel, rounding);
            }
        }
    }
}

void tr_nn_run_conv(const tr_nn_conv *layer, const int8_t *input, int8_t *output)
{
    convolve(layer, input, output, accumulate_conv, TR_NN_ROUND_HALF_UP);
}

void tr_nn_run_depthwise(const tr_nn_conv *layer, const int8_t *input, int8_t *output)
{
    convolve(layer, input, output, accumulate_depthwise, TR_NN_ROUND_HALF_AWAY);
}
