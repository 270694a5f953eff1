/* SPDX-License-Identifier: Apache-2.0 */
/* The streaming wake word: complete but for run_model(), which runs your model on the features.
 * `tinyrunner firmware export` turns an int8 .tflite into C. */
#include "model.h"

#include <string.h>

#include "board.h"
#include "sound.h"
#include "task.h"
#include "tinyrunner_stream.h"

/* A byte for each 32 ms, for the list that `stop` prints: 37500 for the official 20 minutes. Nobody
 * needs the list for a result: where memory is short, make it NULL and 0 in the configuration. */
#define KEPT_FRAMES 37500

static tr_stream stream;
static int8_t activations[KEPT_FRAMES];
static const int16_t *volatile full_half;

/* TR_STREAM_INPUTS features, the oldest frame first, to the wake word, silence, and other. */
static void run_model(void *user, const int8_t *features, int8_t *output)
{
    (void)user;
    (void)features;
    memset(output, -128, TR_STREAM_OUTPUTS);
}

static void wait_a_microsecond(void)
{
    const uint32_t start_us = board_micros();

    while (board_micros() - start_us < 2) {
    }
}

static void set_processing(void *user, bool high)
{
    (void)user;
    sound_set_processing_pin(high);
    wait_a_microsecond();
}

static void signal_detection(void *user)
{
    (void)user;
    sound_set_detection_pin(0);
    wait_a_microsecond();
    sound_set_detection_pin(1);
}

static void listen(void *user, bool on)
{
    (void)user;
    full_half = NULL;
    sound_listen(on);
}

/* In the order of tr_stream_config. */
static const tr_stream_config stream_config = {
    NULL, set_processing, signal_detection, listen, run_model, activations, sizeof activations,
};

/* Each half must be taken within 32 ms, or the next one takes its place. */
void SOUND_Handler(const int16_t *half)
{
    full_half = half;
}

bool model_init(void)
{
    sound_set_detection_pin(1);
    return tr_stream_init(&stream, &stream_config);
}

bool model_command(tr_dut *dut, const char *command, size_t count)
{
    return tr_stream_command(&stream, dut, command, count);
}

void model_poll(void)
{
    const int16_t *const half = full_half;

    if (half != NULL) {
        full_half = NULL;
        tr_stream_frame(&stream, half, 2);
    }
}

bool model_is_idle(void)
{
    return full_half == NULL;
}

void model_load(const uint8_t *bytes, uint32_t count)
{
    (void)count;
    tr_stream_load(&stream, bytes);
}

void model_infer(void)
{
    tr_stream_infer(&stream);
}

float model_score(uint32_t index)
{
    /* In the scale of the reference model's output. */
    return (float)(tr_stream_output(&stream)[index] + 128) / 256.0F;
}
