/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with sound, whatever asks for it. */
#include "tinyrunner_dut.h"

#if TR_OWN_COMMANDS /* a package that compiles all files has nothing of it without */

#include <string.h>

#include "tr_stream_internal.h"

#define OLDER_INPUTS (TR_STREAM_INPUTS - TR_FEATURES)

static void forget(tr_stream *stream)
{
    stream->frames = 0;
    tr_front_end_reset(&stream->front_end);
    memset(stream->input, 0, sizeof stream->input);      /* not silence: as the reference begins */
    memset(stream->output, -128, sizeof stream->output); /* scores of 0 */
}

bool tr_stream_init(tr_stream *stream, const tr_stream_config *config)
{
    if (config == NULL || config->set_processing == NULL || config->signal_detection == NULL) {
        return false;
    }
    if (config->listen == NULL || config->infer == NULL) {
        return false;
    }
    if (config->activations == NULL && config->activation_capacity > 0) {
        return false;
    }
    stream->config = config;
    stream->listening = false;
    forget(stream);
    config->set_processing(config->user, false);
    return true;
}

static void hear(tr_stream *stream, const int16_t *samples, size_t step)
{
    memmove(stream->input, stream->input + TR_FEATURES, OLDER_INPUTS);
    tr_front_end_hear(&stream->front_end, samples, step, stream->input + OLDER_INPUTS);
}

void tr_stream_samples(const uint8_t *bytes, int16_t *samples)
{
    for (size_t i = 0; i < TR_FRAME_SAMPLES; i++) {
        const int32_t value = bytes[2 * i] | (int32_t)bytes[2 * i + 1] << 8;

        samples[i] = (int16_t)(value < 32768 ? value : value - 65536);
    }
}

void tr_stream_load(tr_stream *stream, const uint8_t *bytes)
{
    int16_t samples[TR_FRAME_SAMPLES];

    tr_stream_samples(bytes, samples);
    hear(stream, samples, 1);
}

void tr_stream_infer(tr_stream *stream)
{
    stream->config->infer(stream->config->user, stream->input, stream->output);
}

const int8_t *tr_stream_output(const tr_stream *stream)
{
    return stream->output;
}

const int8_t *tr_stream_features(const tr_stream *stream)
{
    return stream->input + OLDER_INPUTS;
}

void tr_stream_frame(tr_stream *stream, const int16_t *samples, size_t step)
{
    const tr_stream_config *const config = stream->config;

    if (!stream->listening) {
        return;
    }
    config->set_processing(config->user, true);
    hear(stream, samples, step);
    tr_stream_infer(stream);
    if (stream->output[0] > TR_STREAM_THRESHOLD || stream->frames == 0) {
        config->signal_detection(config->user);
    }
    if (stream->frames < config->activation_capacity) {
        config->activations[stream->frames] = stream->output[0];
    }
    stream->frames++;
    config->set_processing(config->user, false);
}

void tr_stream_begin(tr_stream *stream)
{
    const tr_stream_config *const config = stream->config;

    forget(stream);
    config->set_processing(config->user, false);
    config->set_processing(config->user, true);
    config->set_processing(config->user, false);
    stream->listening = true;
    config->listen(config->user, true);
}

void tr_stream_end(tr_stream *stream)
{
    stream->config->listen(stream->config->user, false);
    stream->listening = false;
}

#endif
