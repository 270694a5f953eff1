/* SPDX-License-Identifier: Apache-2.0 */
/* The streaming wake word: frames of sound in, the exported network on their features. This board
 * has no sound input; frames come over the UART, by `db load 1024` and `frame`. */
#include "model.h"
#include "network_model.h"
#include "pins.h"
#include "task.h"
#include "tinyrunner_stream.h"

#if TASK_INPUT_BYTES != TR_STREAM_FRAME_BYTES || TASK_SCORES != TR_STREAM_OUTPUTS || \
    NETWORK_INPUT_COUNT != TR_STREAM_INPUTS || NETWORK_OUTPUT_COUNT != TR_STREAM_OUTPUTS
#error "the exported model is no model for this task"
#endif

#define MOST_FRAMES 37600 /* 20 minutes */

static tr_stream stream;
static int8_t activations[MOST_FRAMES];

static void set_processing(void *user, bool high)
{
    (void)user;
    pins_set_processing(high);
}

static void signal_detection(void *user)
{
    (void)user;
    pins_pulse_detection();
}

/* Sound comes by `frame`; on a board with a sound input its DMA begins and ends here. */
static void listen(void *user, bool on)
{
    (void)user;
    (void)on;
}

static void infer(void *user, const int8_t *input, int8_t *output)
{
    (void)user;
    network_infer(input, output);
}

static const tr_stream_config stream_config = {
    .set_processing = set_processing,
    .signal_detection = signal_detection,
    .listen = listen,
    .infer = infer,
    .activations = activations,
    .activation_capacity = sizeof activations,
};

bool model_init(void)
{
    return tr_stream_init(&stream, &stream_config);
}

bool model_command(tr_dut *dut, const char *command, size_t count)
{
    return tr_stream_command(&stream, dut, command, count);
}

/* Frames come by a command, which is at work on one until it returns. */
void model_poll(void)
{
}

bool model_is_idle(void)
{
    return true;
}

void model_load(const uint8_t *bytes, uint32_t count)
{
    (void)count; /* it is TR_STREAM_FRAME_BYTES */
    tr_stream_load(&stream, bytes);
}

void model_infer(void)
{
    tr_stream_infer(&stream);
}

float model_score(uint32_t index)
{
    const int32_t value = index < TR_STREAM_OUTPUTS ? tr_stream_output(&stream)[index] : 0;

    return (float)(value - NETWORK_OUTPUT_ZERO_POINT) * NETWORK_OUTPUT_SCALE;
}
