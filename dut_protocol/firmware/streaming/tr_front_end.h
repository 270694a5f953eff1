/* SPDX-License-Identifier: Apache-2.0 */
/* The feature front end of the streaming wake word, in float32: from sound at 16 kHz to what the
 * reference model takes, as int8.
 *
 * Each frame of 512 samples moves a window of 1024 on, and gives 40 features: pre-emphasis, Hamming
 * window, power spectrum, 40 triangles equally wide in mel, decibels, int8 in the model's scale.
 * The tables take 5.4 kB of flash. No function calls another library, and none is meant for an
 * interrupt. Build with -ffp-contract=off where all processors shall give the same features.
 */
#ifndef TR_FRONT_END_H
#define TR_FRONT_END_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TR_FRAME_SAMPLES 512
#define TR_WINDOW_SAMPLES 1024
#define TR_FEATURES 40

/* Its members are the front end's own. 6 kB. */
typedef struct tr_front_end {
    int16_t window[TR_WINDOW_SAMPLES]; /* the newest sample last */
    int16_t before;                    /* the sample before the window */
    float work[TR_WINDOW_SAMPLES];
} tr_front_end;

/* Forget all sound: silence came before the next frame. */
void tr_front_end_reset(tr_front_end *front_end);

/* Hear TR_FRAME_SAMPLES samples, each `step` after the one before (2: the left channel of stereo),
 * and compute the window's features, TR_FEATURES of them. */
void tr_front_end_hear(tr_front_end *front_end, const int16_t *samples, size_t step,
                       int8_t *features);

#ifdef __cplusplus
}
#endif

#endif
