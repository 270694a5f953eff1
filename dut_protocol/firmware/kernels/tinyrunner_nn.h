/* SPDX-License-Identifier: Apache-2.0 */
/* int8 layers of a neural network with TFLite's arithmetic, bit for bit.
 *
 * Which TFLite: its default ("optimised") kernels without a delegate, as tinyrunner's own engine
 * runs them on the host. What `tinyrunner firmware export` writes calls these functions.
 *
 * A real value is (q - zero point) * scale. Maps are in the order row, column, channel; weights in
 * the order output, row, column, input (depthwise: row, column, channel), with zero point 0. Sums
 * are 32 bits wide; the exporter refuses a model in which one could overflow. No function keeps a
 * state or calls another library (but memcpy); none is meant for an interrupt. Input and output
 * must not overlap unless it says so. Build with -ffp-contract=off where bit-exact floats matter: a
 * fused multiply-add rounds once where the host rounds twice.
 */
#ifndef TINYRUNNER_NN_H
#define TINYRUNNER_NN_H

#include <stdint.h>

#ifdef TR_CONFIG
#include TR_CONFIG
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What an exported network calls behind each layer, and what the layer is: with the DUT library's
 * setting TR_LAYERS that library's function, or one of yours; else nothing. */
#if defined(TR_LAYERS) && TR_LAYERS > 0
void tr_layer_done(const char *name);
#define TR_NN_LAYER_DONE(name) tr_layer_done(name)
#else
#define TR_NN_LAYER_DONE(name) ((void)0)
#endif

/* How a sum becomes int8: times multiplier / 2^31 * 2^shift, plus the zero point, clamped. */
typedef struct tr_nn_output {
    const int32_t *multipliers; /* 0 to 2^31 - 1, one per output channel */
    const int8_t *shifts;       /* -31 to 30, one per output channel */
    int32_t zero_point;         /* of the output, -128 to 127 */
    int32_t clamp_min;          /* -128 to 127: the range of int8 and of the activation */
    int32_t clamp_max;
} tr_nn_output;

/* A fully connected layer. All outputs share one multiplier and one shift. */
typedef struct tr_nn_dense {
    const int8_t *weights; /* outputs * inputs */
    const int32_t *biases; /* one per output */
    int32_t inputs;
    int32_t outputs;
    int32_t input_zero_point;
    tr_nn_output output; /* multipliers and shifts: one each */
} tr_nn_dense;

/* A convolution, or a depthwise one. Outside the map the real value is 0. */
typedef struct tr_nn_conv {
    const int8_t *weights;
    const int32_t *biases; /* one per output channel */
    int32_t in_rows;
    int32_t in_columns;
    int32_t in_channels;
    int32_t out_rows;
    int32_t out_columns;
    int32_t out_channels; /* depthwise: so many times in_channels as the depth multiplier */
    int32_t kernel_rows;
    int32_t kernel_columns;
    int32_t stride_rows;
    int32_t stride_columns;
    int32_t pad_top;  /* rows above the map, 0 or more */
    int32_t pad_left; /* columns before the map, 0 or more */
    int32_t input_zero_point;
    tr_nn_output output;
} tr_nn_conv;

/* The average of each channel over the whole map, in the input's own scale. */
typedef struct tr_nn_average {
    int32_t positions; /* rows * columns */
    int32_t channels;
    int32_t clamp_min;
    int32_t clamp_max;
} tr_nn_average;

/* The mean of each channel over the whole map, rescaled. */
typedef struct tr_nn_mean {
    int32_t positions;
    int32_t channels;
    int32_t input_zero_point;
    tr_nn_output output; /* multipliers and shifts: one each, 1 / positions included */
} tr_nn_mean;

/* The sum of two maps of one shape. Each element, 2^20 times, comes to a scale that both share. */
typedef struct tr_nn_add {
    int32_t count;
    int32_t zero_points[2]; /* of the inputs */
    int32_t multipliers[2];
    int32_t shifts[2];   /* -31 to 0 */
    tr_nn_output output; /* multipliers and shifts: one each; the shift is -31 to 0 */
} tr_nn_add;

/* Softmax, with a table in place of the exponential function. */
typedef struct tr_nn_softmax {
    const float *table; /* 256 values: exp(-scale * beta * n) */
    int32_t count;      /* 1 or more */
    float output_scale;
    int32_t output_zero_point;
} tr_nn_softmax;

/* How the last rounding treats a tie: not all of TFLite's layers do the same. */
typedef enum tr_nn_rounding {
    TR_NN_ROUND_HALF_UP,  /* fully connected and convolution */
    TR_NN_ROUND_HALF_AWAY /* depthwise convolution, mean and sum */
} tr_nn_rounding;

/* One sum in the output's scale, without zero point and clamp. TFLite's double rounding: the high
 * half of twice the product, rounded half up; then the right shift, rounded as `rounding` says.
 * |sum| * 2^shift must be below 2^31. */
int32_t tr_nn_requantise(int32_t sum, int32_t multiplier, int32_t shift, tr_nn_rounding rounding);

/* One sum as int8, with zero point and clamp, for one output channel (0: the first). */
int8_t tr_nn_to_int8(int32_t sum, const tr_nn_output *output, int32_t channel,
                     tr_nn_rounding rounding);

/* So many sums are computed at once. */
#define TR_NN_AT_ONCE 4

/* Add to each of `outputs` sums, 1 to TR_NN_AT_ONCE, the products of `count` values, less their
 * zero point, and of its own weights, which begin `stride` after those of the sum before. */
void tr_nn_add_products(const int8_t *values, int32_t zero_point, const int8_t *weights,
                        int32_t stride, int32_t count, int32_t outputs, int32_t *sums);

/* The layers: `input` and `output` hold as many elements as the layer says. Softmax and the sum may
 * work in place. */
void tr_nn_run_dense(const tr_nn_dense *layer, const int8_t *input, int8_t *output);
void tr_nn_run_conv(const tr_nn_conv *layer, const int8_t *input, int8_t *output);
void tr_nn_run_depthwise(const tr_nn_conv *layer, const int8_t *input, int8_t *output);
void tr_nn_run_average(const tr_nn_average *layer, const int8_t *input, int8_t *output);
void tr_nn_run_mean(const tr_nn_mean *layer, const int8_t *input, int8_t *output);
void tr_nn_run_add(const tr_nn_add *layer, const int8_t *first, const int8_t *second,
                   int8_t *output);
void tr_nn_run_softmax(const tr_nn_softmax *layer, const int8_t *input, int8_t *output);

/* `count` floats from 4 bytes each, little-endian as on the wire, on whatever processor. */
void tr_nn_read_floats(const uint8_t *bytes, int32_t count, float *values);
/* Floats to int8: divided by the scale (above 0), rounded half away from zero, plus the zero point,
 * clamped. Infinities are clamped, NaN becomes -128. */
void tr_nn_quantise(const float *values, int32_t count, float scale, int32_t zero_point,
                    int8_t *output);

/* int8 to floats. */
void tr_nn_dequantise(const int8_t *values, int32_t count, float scale, int32_t zero_point,
                      float *output);

/* The score of the ad task: the mean of (output - input)^2, where `output` is the network's output
 * for `input`, and `input` holds the floats before quantisation. float32, summed in the order of
 * the index. `count` is 1 or more. */
float tr_nn_mean_squared_error(const int8_t *output, int32_t count, float scale, int32_t zero_point,
                               const float *input);

#ifdef __cplusplus
}
#endif

#endif
