/* SPDX-License-Identifier: Apache-2.0 */
/* The module's commands, worded as the reference firmware of sww words its replies. */
#include "tr_internal.h"

#if TR_OWN_COMMANDS

#include "tr_stream_internal.h"

#define COMMANDS "start stop state extract_uart_stream help frame "
#define VALUES_PER_LINE 16U

/* As the reference numbers them; it has others, for captures. */
enum {
    STATE_IDLE = 0,
    STATE_STREAMING = 2
};

static void write_busy(tr_dut *dut)
{
    tr_write_line(dut, "I2S Rx currently in progress. Ignoring request");
}

static void start(tr_stream *stream, tr_dut *dut)
{
    if (stream->listening) {
        write_busy(dut);
        return;
    }
    tr_write_line(dut, "Listening for I2S data ... ");
    tr_timestamp(dut);
    tr_stream_begin(stream);
    tr_write_line(dut, "DMA receive initiated.");
}

/* `[`, values 16 a line, a comma after each but the last, `]`. */
static void write_activations(tr_dut *dut, const int8_t *values, uint32_t count)
{
    tr_write_char(dut, '[');
    for (uint32_t i = 0; i < count; i++) {
        tr_write_i32(dut, values[i]);
        tr_write_string(dut, i < count - 1 ? ", " : "  ");
        if (i % VALUES_PER_LINE == VALUES_PER_LINE - 1 || i == count - 1) {
            tr_end_line(dut);
        }
    }
    tr_write_line(dut, "]");
}

static void stop(tr_stream *stream, tr_dut *dut)
{
    const tr_stream_config *const config = stream->config;
    const uint32_t capacity = config->activation_capacity;

    if (!stream->listening) {
        tr_write_line(dut, "I2S is already idle.  Ignoring stop request");
        return;
    }
    tr_stream_end(stream);
    tr_timestamp(dut);
    tr_write_line(dut, "Streaming stopped.");
    if (stream->frames > capacity && capacity > 0) { /* the reference says nothing of it */
        tr_write_u32(dut, stream->frames);
        tr_write_number_line(dut, " frames, of which are printed: ", capacity);
    }
    tr_write_line(dut, "target activations: ");
    write_activations(dut, config->activations,
                      stream->frames < capacity ? stream->frames : capacity);
}

static void write_state(const tr_stream *stream, tr_dut *dut)
{
    const uint32_t samples = stream->frames * 2U * TR_FRAME_SAMPLES; /* of both channels */

    tr_write_number(dut, "g_i2s_state = ", stream->listening ? STATE_STREAMING : STATE_IDLE);
    tr_write_number_line(dut, ", g_int16s_read=", samples);
}

/* `name-[values]`, each with its sign and at least three characters wide. */
static void write_signed(tr_dut *dut, const char *name, const int8_t *values, size_t count)
{
    tr_write_string(dut, name);
    for (size_t i = 0; i < count; i++) {
        const int32_t value = values[i];

        if (i > 0) {
            tr_write_string(dut, ", ");
        }
        if (value > -10 && value < 10) {
            tr_write_char(dut, ' ');
        }
        if (value >= 0) {
            tr_write_char(dut, '+');
        }
        tr_write_i32(dut, value);
    }
    tr_write_line(dut, "]");
}

/* Whether the input buffer holds one frame and nothing is missing; says so where it does not. */
static bool frame_is_loaded(tr_dut *dut)
{
    if (dut->received == TR_STREAM_FRAME_BYTES && dut->received == dut->expected) {
        return true;
    }
    tr_write_error(dut, "No frame of 1024 bytes is loaded");
    return false;
}

static void extract(tr_stream *stream, tr_dut *dut)
{
    if (stream->listening) {
        write_busy(dut);
        return;
    }
    if (!frame_is_loaded(dut)) {
        return;
    }
    tr_stream_load(stream, dut->config->input);
    tr_stream_infer(stream);
    write_signed(dut, "m-features-[", tr_stream_features(stream), TR_FEATURES);
    write_signed(dut, "m-activations-[", stream->output, TR_STREAM_OUTPUTS);
}

#if TR_STREAM_UART_FRAMES
static void hear_loaded_frame(tr_stream *stream, tr_dut *dut)
{
    int16_t samples[TR_FRAME_SAMPLES];

    if (!stream->listening) {
        tr_write_error(dut, "Nothing is heard before 'start'");
        return;
    }
    if (frame_is_loaded(dut)) {
        tr_stream_samples(dut->config->input, samples);
        tr_stream_frame(stream, samples, 1);
    }
}
#endif

bool tr_stream_command(tr_stream *stream, tr_dut *dut, const char *command, size_t count)
{
    tr_arguments arguments;

    arguments.rest = command;
    arguments.end = command + count;
    switch (tr_next_word(&arguments, COMMANDS)) {
    case 0:
        start(stream, dut);
        break;
    case 1:
        stop(stream, dut);
        break;
    case 2:
        write_state(stream, dut);
        break;
    case 3:
        extract(stream, dut);
        break;
    case 4:
        tr_write_line(dut, "start, stop, state, extract_uart_stream");
        break;
#if TR_STREAM_UART_FRAMES
    case 5:
        hear_loaded_frame(stream, dut);
        break;
#endif
    default:
        return false;
    }
    return true;
}

#endif
