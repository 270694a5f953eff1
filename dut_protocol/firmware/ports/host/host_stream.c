/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of the streaming module. With HOST_NETWORK the model is the one that was exported under
 * the name `network`; without, a stand-in that tells loud frames from silence. */
#include "host_stream.h"

#if TR_OWN_COMMANDS

#include <stdio.h>
#include <string.h>

#include "tinyrunner_stream.h"

#ifdef HOST_NETWORK
#include "network_model.h"
#endif

#define MODEL_ID "sww01"
#ifndef HOST_ACTIVATIONS
#define HOST_ACTIVATIONS 65536U
#endif

static tr_stream stream;
static int8_t activations[HOST_ACTIVATIONS];

static void set_processing(void *user, bool high)
{
    (void)user;
    fputs(high ? "processing high\n" : "processing low\n", stderr);
}

static void signal_detection(void *user)
{
    (void)user;
    fputs("detected\n", stderr);
}

static void listen(void *user, bool on)
{
    (void)user;
    fputs(on ? "listening\n" : "not listening\n", stderr);
}

static void infer_features(void *user, const int8_t *input, int8_t *output)
{
    (void)user;
#ifdef HOST_NETWORK
    network_infer(input, output);
#else
    const int8_t *const newest = input + TR_STREAM_INPUTS - TR_FEATURES;

    output[0] = newest[0];
    for (size_t i = 1; i < TR_FEATURES; i++) {
        output[0] = newest[i] > output[0] ? newest[i] : output[0];
    }
    output[1] = (int8_t)(-1 - output[0]);
    output[2] = input[0];
#endif
}

static const tr_stream_config stream_config = {
    .set_processing = set_processing,
    .signal_detection = signal_detection,
    .listen = listen,
    .infer = infer_features,
    .activations = activations,
    .activation_capacity = sizeof activations,
};

static void load(void *user, const uint8_t *input, uint32_t count)
{
    (void)user;
    (void)count;
    tr_stream_load(&stream, input);
}

static void infer(void *user)
{
    (void)user;
    tr_stream_infer(&stream);
}

static float result(void *user, uint32_t index)
{
    (void)user;
    return (float)(tr_stream_output(&stream)[index] + 128) / 256.0F;
}

static bool command(void *user, struct tr_dut *dut, const char *chars, size_t count)
{
    (void)user;
    return tr_stream_command(&stream, dut, chars, count);
}

void host_stream_take_over(tr_dut_config *config)
{
    if (strcmp(config->model_id, MODEL_ID) == 0 && tr_stream_init(&stream, &stream_config)) {
        config->load = load;
        config->infer = infer;
        config->result = result;
        config->command = command;
    }
}

#else

void host_stream_take_over(tr_dut_config *config)
{
    (void)config;
}

#endif
