/* SPDX-License-Identifier: Apache-2.0 */
/* Sound to features. A spectrum of 1024 real samples is that of 512 complex ones, in place, and one
 * more pass. One operation a statement where rounding counts, so that none is fused. */
#include "tr_front_end.h"

#include <string.h>

#include "tr_front_end_tables.h"

#define POINTS (TR_WINDOW_SAMPLES / 2) /* complex numbers: real and imaginary part, in turns */

#define PRE_EMPHASIS 0.96875F
#define LEAST_POWER 1e-30F
#define DECIBELS_PER_OCTAVE 3.01029996F
#define DECIBELS_PER_TWO_NEPERS 8.68588964F
#define OFFSET_DECIBELS 52.0F
#define RANGE_DECIBELS 64.0F
#define FEATURE_SCALE 0.003701042616739869F /* of the reference model's input */
#define FEATURE_ZERO 128.0F                 /* below 0 */

void tr_front_end_reset(tr_front_end *front_end)
{
    memset(front_end, 0, sizeof *front_end);
}

static void take_frame(tr_front_end *front_end, const int16_t *samples, size_t step)
{
    int16_t *const window = front_end->window;
    const size_t kept = TR_WINDOW_SAMPLES - TR_FRAME_SAMPLES;

    front_end->before = window[TR_FRAME_SAMPLES - 1];
    memmove(window, window + TR_FRAME_SAMPLES, kept * sizeof *window);
    for (size_t i = 0; i < TR_FRAME_SAMPLES; i++) {
        window[kept + i] = samples[i * step];
    }
}

/* The table's values are exact to float32, and the pre-emphasis is exact. */
static void weigh_window(tr_front_end *front_end)
{
    float before = (float)front_end->before;

    for (size_t i = 0; i < TR_WINDOW_SAMPLES; i++) {
        const float sample = (float)front_end->window[i];
        const float weight = tr_hamming[i < TR_WINDOW_SAMPLES / 2 ? i : TR_WINDOW_SAMPLES - 1 - i];
        const float part = PRE_EMPHASIS * before;
        const float emphasised = sample - part;

        front_end->work[i] = emphasised * weight;
        before = sample;
    }
}

/* ---- the spectrum ---- */

typedef struct turn {
    float cosine;
    float sine;
} turn;

/* The angle 2 pi n / 1024, n of 0 to 512. */
static turn turn_of(size_t n)
{
    const turn early = {tr_cosines[n <= TR_QUARTER ? n : 0],
                        tr_cosines[n <= TR_QUARTER ? TR_QUARTER - n : 0]};

    if (n > TR_QUARTER) {
        const turn late = {-tr_cosines[2 * TR_QUARTER - n], tr_cosines[n - TR_QUARTER]};

        return late;
    }
    return early;
}

static void swap(float *a, float *b)
{
    const float kept = *a;

    *a = *b;
    *b = kept;
}

static void reverse_bits(float *values)
{
    size_t reversed = 0;

    for (size_t i = 0; i < POINTS; i++) {
        size_t bit = POINTS / 2;

        if (reversed > i) {
            swap(&values[2 * i], &values[2 * reversed]);
            swap(&values[2 * i + 1], &values[2 * reversed + 1]);
        }
        for (; bit > 0 && (reversed & bit) != 0; bit /= 2) {
            reversed ^= bit;
        }
        reversed |= bit;
    }
}

/* Of one pair of complex numbers, `half` apart. */
static void butterfly(float *low, float *high, turn by)
{
    const float a = high[0] * by.cosine;
    const float b = high[1] * by.sine;
    const float c = high[1] * by.cosine;
    const float d = high[0] * by.sine;
    const float real = a + b;
    const float imaginary = c - d;

    high[0] = low[0] - real;
    high[1] = low[1] - imaginary;
    low[0] += real;
    low[1] += imaginary;
}

static void transform(float *values)
{
    reverse_bits(values);
    for (size_t half = 1; half < POINTS; half *= 2) {
        for (size_t i = 0; i < half; i++) {
            const turn by = turn_of(i * (POINTS / half));

            for (size_t at = i; at < POINTS; at += 2 * half) {
                butterfly(values + 2 * at, values + 2 * (at + half), by);
            }
        }
    }
}

static float power(float real, float imaginary)
{
    const float a = real * real;
    const float b = imaginary * imaginary;

    return (a + b) / (float)TR_WINDOW_SAMPLES;
}

/* From the complex numbers' spectrum to the powers of the real one, in place: that of bin n is at
 * 2 n, that of the last bin in the place of the first, which no feature needs. Bins n and 512 - n
 * come of the same two numbers. */
static void to_powers(float *values)
{
    values[0] = power(values[0] - values[1], 0.0F);
    for (size_t n = 1; n <= POINTS / 2; n++) {
        float *const near = values + 2 * n;
        float *const far = values + 2 * (POINTS - n);
        const turn by = turn_of(n);
        const float even_real = 0.5F * (near[0] + far[0]);
        const float even_imaginary = 0.5F * (near[1] - far[1]);
        const float odd_real = 0.5F * (near[1] + far[1]);
        const float odd_imaginary = 0.5F * (far[0] - near[0]);
        const float a = odd_real * by.cosine;
        const float b = odd_imaginary * by.sine;
        const float c = odd_imaginary * by.cosine;
        const float d = odd_real * by.sine;
        const float real = a + b;
        const float imaginary = c - d;

        near[0] = power(even_real + real, even_imaginary + imaginary);
        far[0] = power(even_real - real, even_imaginary - imaginary);
    }
}

/* ---- the features ---- */

/* The triangles overlap: what of a bin is not of the one that rises is of the one that falls. A bin
 * whose share of the rising one is smaller than the bin's before is the first of the next. */
static void sum_bands(const float *values, float *bands)
{
    size_t rising = 0;
    float share_before = 0.0F;

    memset(bands, 0, TR_FEATURES * sizeof *bands);
    for (size_t bin = 1; bin <= POINTS; bin++) {
        const float bin_power = values[bin < POINTS ? 2 * bin : 0];
        const float share = tr_rising[bin - 1];
        const float part = share * bin_power;
        const float rest = (1.0F - share) * bin_power;

        if (share < share_before) {
            rising++;
        }
        if (rising < TR_FEATURES) {
            bands[rising] += part;
        }
        if (rising > 0 && rising <= TR_FEATURES) {
            bands[rising - 1] += rest;
        }
        share_before = share;
    }
}

/* Ten times the decimal logarithm of a normal number above 0, to float32's precision: by the bits
 * of an IEEE 754 single, and the series of the area hyperbolic tangent. */
static float decibels(float value)
{
    uint32_t bits;
    float mantissa;

    memcpy(&bits, &value, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 23) - 127;
    bits = (bits & 0x7FFFFFU) | 0x3F800000U;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.41421356F) { /* closer to 1, so that five terms are enough */
        mantissa *= 0.5F;
        exponent++;
    }

    const float s = (mantissa - 1.0F) / (mantissa + 1.0F);
    const float square = s * s;
    float sum = 1.0F / 9.0F;

    for (int32_t odd = 7; odd > 0; odd -= 2) {
        sum *= square;
        sum += 1.0F / (float)odd;
    }
    sum *= s * DECIBELS_PER_TWO_NEPERS;

    const float whole = (float)exponent * DECIBELS_PER_OCTAVE;

    return whole + sum;
}

static int8_t quantise(float band)
{
    const float level = decibels(band > LEAST_POWER ? band : LEAST_POWER) + OFFSET_DECIBELS;
    float share = level / RANGE_DECIBELS;

    if (share < 0.0F) {
        share = 0.0F;
    }
    if (share > 1.0F) {
        share = 1.0F;
    }
    const float scaled = share / FEATURE_SCALE;
    const float shifted = scaled - FEATURE_ZERO;

    /* Truncated. What is louder than the model's range stays at its end; the reference firmware
     * casts it, which C leaves undefined. */
    return (int8_t)(shifted < 127.0F ? shifted : 127.0F);
}

void tr_front_end_hear(tr_front_end *front_end, const int16_t *samples, size_t step,
                       int8_t *features)
{
    float bands[TR_FEATURES];

    take_frame(front_end, samples, step);
    weigh_window(front_end);
    transform(front_end->work);
    to_powers(front_end->work);
    sum_bands(front_end->work, bands);
    for (size_t i = 0; i < TR_FEATURES; i++) {
        features[i] = quantise(bands[i]);
    }
}
