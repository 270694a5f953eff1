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

/* Add to the sums of `count` output channels, from `channel` on, what is under the kernel. */
typedef void (*accumulate_fn)(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                              kernel_range columns, int32_t channel, int32_t count, int32_t *sums);

static void accumulate_conv(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                            kernel_range columns, int32_t channel, int32_t count, int32_t *sums)
{
    const int32_t depth = layer->in_channels;
    const int32_t kernel_size = layer->kernel_rows * layer->kernel_columns * depth;
    const int32_t width = columns.end - columns.begin; /* contiguous in the map and in the kernel */

    for (int32_t row = rows.begin; row < rows.end; row++) {
        const int8_t *weights = layer->weights + channel * kernel_size +
                                (row * layer->kernel_columns + columns.begin) * depth;
        const int8_t *values =
            input +
            ((rows.origin + row) * layer->in_columns + columns.origin + columns.begin) * depth;

        tr_nn_add_products(values, layer->input_zero_point, weights, kernel_size, width * depth,
                           count, sums);
    }
}

/* Four channels that each have their own values, side by side. */
static void accumulate_side_by_side(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                                    kernel_range columns, int32_t channel, int32_t *sums)
{
    const int32_t channels = layer->in_channels;
    const int32_t zero_point = layer->input_zero_point;
    int32_t a = sums[0];
    int32_t b = sums[1];
    int32_t c = sums[2];
    int32_t d = sums[3];

    for (int32_t row = rows.begin; row < rows.end; row++) {
        const int8_t *weights =
            layer->weights + (row * layer->kernel_columns + columns.begin) * channels + channel;
        const int8_t *values =
            input +
            ((rows.origin + row) * layer->in_columns + columns.origin + columns.begin) * channels +
            channel;

        for (int32_t column = columns.begin; column < columns.end; column++) {
            a += (int32_t)weights[0] * ((int32_t)values[0] - zero_point);
            b += (int32_t)weights[1] * ((int32_t)values[1] - zero_point);
            c += (int32_t)weights[2] * ((int32_t)values[2] - zero_point);
            d += (int32_t)weights[3] * ((int32_t)values[3] - zero_point);
            weights += channels;
            values += channels;
        }
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

static void accumulate_one_depthwise(const tr_nn_conv *layer, const int8_t *input,
                                     kernel_range rows, kernel_range columns, int32_t channel,
                                     int32_t *sum)
{
    const int32_t from = channel / (layer->out_channels / layer->in_channels);

    for (int32_t row = rows.begin; row < rows.end; row++) {
        for (int32_t column = columns.begin; column < columns.end; column++) {
            const int32_t weight =
                layer->weights[(row * layer->kernel_columns + column) * layer->out_channels +
                               channel];
            const int32_t value =
                input[((rows.origin + row) * layer->in_columns + columns.origin + column) *
                          layer->in_channels +
                      from];

            *sum += weight * (value - layer->input_zero_point);
        }
    }
}

static void accumulate_depthwise(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                                 kernel_range columns, int32_t channel, int32_t count,
                                 int32_t *sums)
{
    if (layer->out_channels == layer->in_channels && count == TR_NN_AT_ONCE) {
        accumulate_side_by_side(layer, input, rows, columns, channel, sums);
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        accumulate_one_depthwise(layer, input, rows, columns, channel + i, &sums[i]);
    }
}

static void convolve_at(const tr_nn_conv *layer, const int8_t *input, kernel_range rows,
                        kernel_range columns, int8_t *output, accumulate_fn accumulate,
                        tr_nn_rounding rounding)
{
    for (int32_t channel = 0; channel < layer->out_channels; channel += TR_NN_AT_ONCE) {
        const int32_t left = layer->out_channels - channel;
        const int32_t count = left < TR_NN_AT_ONCE ? left : TR_NN_AT_ONCE;
        int32_t sums[TR_NN_AT_ONCE];

        for (int32_t i = 0; i < count; i++) {
            sums[i] = layer->biases[channel + i];
        }
        accumulate(layer, input, rows, columns, channel, count, sums);
        for (int32_t i = 0; i < count; i++) {
            output[channel + i] = tr_nn_to_int8(sums[i], &layer->output, channel + i, rounding);
        }
    }
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

            convolve_at(layer, input, rows, columns, output, accumulate, rounding);
            output += layer->out_channels;
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
