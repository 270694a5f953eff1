/* SPDX-License-Identifier: Apache-2.0 */
/* The streaming wake word (sww) for tinyrunner's DUT library: `start`, `stop`, `state` and
 * `extract_uart_stream`, the pins PROCESSING and WW_DETECTED, and what is done with each frame of
 * sound, as the reference firmware does it.
 *
 *   static tr_stream stream;
 *
 *   static bool command(void *user, struct tr_dut *dut, const char *chars, size_t count)
 *   {
 *       return tr_stream_command(&stream, dut, chars, count);   // `command` of tr_dut_config
 *   }
 *
 *   tr_stream_init(&stream, &stream_config);                    // before tr_dut_boot()
 *   for (;;) {
 *       (void)tr_dut_poll(&dut);
 *       if (a_frame_of_stereo_sound_is_there) {
 *           tr_stream_frame(&stream, samples, 2);
 *       }
 *   }
 *
 * Compile all files with TR_OWN_COMMANDS 1. No function is meant for an interrupt: let the sound's
 * DMA fill one half of a buffer while the main loop works on the other. Between the halves are
 * 32 ms; a reply of the library (the list after `stop`, a load) delays the main loop, but none is
 * sent between `start` and `stop` unless a host asks.
 */
#ifndef TINYRUNNER_STREAM_H
#define TINYRUNNER_STREAM_H

#include "tinyrunner_dut.h"
#include "tr_front_end.h"

#if !TR_OWN_COMMANDS
#error "compile all files with TR_OWN_COMMANDS 1"
#endif

/* The model's input: this many frames of TR_FEATURES, the newest last. */
#ifndef TR_STREAM_FRAMES
#define TR_STREAM_FRAMES 30
#endif

/* The word is detected where class 0, an int8, is above this. */
#ifndef TR_STREAM_THRESHOLD
#define TR_STREAM_THRESHOLD 115
#endif

/* 1: the command `frame` takes what was loaded by `db load 1024` for the next frame heard, between
 * `start` and `stop`. For a board without a sound input, such as an emulated one. */
#ifndef TR_STREAM_UART_FRAMES
#define TR_STREAM_UART_FRAMES 0
#endif

#define TR_STREAM_INPUTS (TR_STREAM_FRAMES * TR_FEATURES)
#define TR_STREAM_OUTPUTS 3 /* the wake word, silence, anything else */
#define TR_STREAM_FRAME_BYTES (2 * TR_FRAME_SAMPLES)

#ifdef __cplusplus
extern "C" {
#endif

/* What the porter supplies, beside tr_dut_config. It stays where it is; it may be const. */
typedef struct tr_stream_config {
    void *user; /* passed to every hook */

    /* The pin PROCESSING: low at rest, high while a frame is worked on. Return 1 us after the edge
     * or later: `start` sends the pulse that aligns the interface board's clock with the device's.
     */
    void (*set_processing)(void *user, bool high);

    /* Pull WW_DETECTED low for 1 us or more, and release it: the wake word, or the first frame. */
    void (*signal_detection)(void *user);

    /* Begin to receive sound (DMA on), or end it. */
    void (*listen)(void *user, bool on);

    /* One inference: TR_STREAM_INPUTS features in, TR_STREAM_OUTPUTS values out. */
    void (*infer)(void *user, const int8_t *input, int8_t *output);

    /* Where class 0 of every frame since `start` is kept for `stop` to print, one byte a frame:
     * 37,500 for the official recording of 20 minutes. NULL and 0: the printed list is empty. */
    int8_t *activations;
    uint32_t activation_capacity;
} tr_stream_config;

/* Its members are the module's own. 7 kB. */
typedef struct tr_stream {
    const tr_stream_config *config;
    uint32_t frames; /* since `start` */
    bool listening;
    int8_t input[TR_STREAM_INPUTS];
    int8_t output[TR_STREAM_OUTPUTS];
    tr_front_end front_end;
} tr_stream;

/* Prepare; PROCESSING is set low. False where a hook is missing: the stream must not be used. */
bool tr_stream_init(tr_stream *stream, const tr_stream_config *config);

/* Work on one frame of TR_FRAME_SAMPLES samples, each `step` after the one before: 2 for the left
 * channel of stereo, 1 for mono. Does nothing but between `start` and `stop`. */
void tr_stream_frame(tr_stream *stream, const int16_t *samples, size_t step);

/* Execute a command of the module; false where it is none. `help` adds to the answer. */
bool tr_stream_command(tr_stream *stream, tr_dut *dut, const char *command, size_t count);

/* For the hooks of tr_dut_config, so that `infer` works on a frame that was loaded, too: `load` is
 * this (TR_STREAM_FRAME_BYTES bytes, mono, little-endian, are heard), `infer` tr_stream_infer(),
 * and the scores are those of tr_stream_output(). */
void tr_stream_load(tr_stream *stream, const uint8_t *bytes);
void tr_stream_infer(tr_stream *stream);
const int8_t *tr_stream_output(const tr_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
