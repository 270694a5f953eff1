/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's way into the firmware library.
 *
 * The first byte chooses mode and buffer; the rest goes to the device as it is, but for FE and what
 * follows it: 00 a byte FE, FF the main loop stops having its turn or begins again, any other n
 * passes 4 n milliseconds. Whatever was sent, the device must answer `name` after two time-outs. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tinyrunner_dut.h"

#if TR_OWN_COMMANDS
#include "tinyrunner_stream.h"
#endif

#define MODEL_BYTES 490U
#define MOST_INFERENCES 2000U
#define MOST_SAID 4096U

#if TR_ECHO
#define ECHO "Received command: name\r\n"
#else
#define ECHO
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tr_dut dut;
static uint32_t now_us;
static uint32_t inferences;
static uint8_t tensor[MODEL_BYTES];
static char said[MOST_SAID + 1]; /* the last of it */
static size_t said_bytes;
static jmp_buf too_long;

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

static void put(void *user, const char *bytes, size_t count)
{
    (void)user;
    require(count >= 1 && count <= TR_LINE_BYTES, "a piece of 1 to TR_LINE_BYTES bytes");
    if (said_bytes + count > MOST_SAID) {
        said_bytes = 0;
    }
    memcpy(said + said_bytes, bytes, count);
    said_bytes += count;
    now_us += 80U * (uint32_t)count;
}

static uint32_t micros(void *user)
{
    (void)user;
    return now_us;
}

static void pulse(void *user)
{
    (void)user;
}

static void load(void *user, const uint8_t *input, uint32_t count)
{
    (void)user;
    require(count == MODEL_BYTES, "an input of the model's size");
    memcpy(tensor, input, count);
}

/* Two thousand million inferences are a legal command; this process has other things to do. */
static void infer(void *user)
{
    (void)user;
    if (++inferences > MOST_INFERENCES) {
        longjmp(too_long, 1);
    }
#if TR_LAYERS
    for (uint32_t layer = 0; layer <= inferences % (TR_LAYERS + 1); layer++) {
        tr_layer_done("layer"); /* at times one more than there is room for */
    }
#endif
}

#if TR_LAYERS
static uint32_t cycles(void *user)
{
    (void)user;
    return 64U * now_us;
}
#endif

static float result(void *user, uint32_t index)
{
    float score;

    (void)user;
    require(index < 12, "a score that there is");
    memcpy(&score, tensor + 4 * index, sizeof score);
    return score;
}

#if TR_OWN_COMMANDS
#define MOST_ACTIVATIONS 20U /* more than a line */

static tr_stream stream;
static bool listening;

static void set_processing(void *user, bool high)
{
    (void)user;
    (void)high;
}

static void signal_detection(void *user)
{
    (void)user;
    require(listening, "a detection between start and stop");
}

static void listen(void *user, bool on)
{
    (void)user;
    require(listening != on, "one beginning, one end");
    listening = on;
}

static void infer_features(void *user, const int8_t *features, int8_t *output)
{
    (void)user;
    memcpy(output, features + TR_STREAM_INPUTS - TR_STREAM_OUTPUTS, TR_STREAM_OUTPUTS);
}

static bool command(void *user, struct tr_dut *device, const char *chars, size_t count)
{
    (void)user;
    return tr_stream_command(&stream, device, chars, count);
}

/* The end of `activations` is guarded. */
static void begin_streaming(tr_dut_config *config, tr_stream_config *streaming, int8_t *activations)
{
    memset(streaming, 0, sizeof *streaming);
    streaming->set_processing = set_processing;
    streaming->signal_detection = signal_detection;
    streaming->listen = listen;
    streaming->infer = infer_features;
    streaming->activations = activations;
    streaming->activation_capacity = MOST_ACTIVATIONS;
    listening = false;
    require(tr_stream_init(&stream, streaming), "all hooks");
    config->command = command;
}
#endif

static void poll(const tr_dut_config *config)
{
    bool busy;

    do { /* while an 8-bit load waits it is busy without end */
        busy = tr_dut_poll(&dut);
    } while (busy && tr_dut_room(&dut) < TR_RING_BYTES - 1);
    require(tr_dut_room(&dut) == TR_RING_BYTES - 1, "everything taken");
    require(dut.received <= dut.expected, "no more received than expected");
    require(dut.expected <= config->input_capacity, "no more expected than there is room");
    require(dut.command_bytes <= TR_COMMAND_BYTES, "a command that fits");
    require(dut.line_bytes == 0, "no line kept back");
}

static void send(const tr_dut_config *config, const uint8_t *data, size_t size)
{
    bool turns = true;
    size_t i;

    for (i = 0; i < size; i++) {
        if (data[i] == 0xFE && i + 1 < size && data[++i] != 0) {
            if (data[i] == 0xFF) {
                turns = !turns;
            } else {
                now_us += 4000U * data[i];
            }
        } else {
            tr_dut_receive(&dut, data[i]);
        }
        if (turns) {
            poll(config);
        }
    }
    poll(config);
}

static void pass_two_timeouts(const tr_dut_config *config)
{
    int i;

    for (i = 0; i < 2; i++) {
        now_us += 1000U * TR_BIN_TIMEOUT_MS + 1U;
        poll(config);
    }
}

static void must_answer(const tr_dut_config *config)
{
    static const char name[] = "name%";
    size_t i;

    pass_two_timeouts(config);
    tr_dut_receive(&dut, '%'); /* ends what was begun: the beginning of a load, perhaps */
    poll(config);
    pass_two_timeouts(config);
    said_bytes = 0;
    for (i = 0; i < sizeof name - 1; i++) {
        tr_dut_receive(&dut, (uint8_t)name[i]);
    }
    poll(config);
    said[said_bytes] = '\0';
    require(strcmp(said, ECHO "m-name-dut-[fuzzed]\r\nm-ready\r\n") == 0, "name is answered");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tr_dut_config config;
#if TR_OWN_COMMANDS
    tr_stream_config streaming;
    int8_t *activations;
#endif
    uint8_t *input;
    uint8_t choice;

    if (size == 0) {
        return 0;
    }
    choice = data[0];
    memset(&config, 0, sizeof config);
    config.vendor = "fuzzed";
    config.model_id = "kws01";
    config.input_bytes = MODEL_BYTES;
    config.input_capacity = (choice & 2) != 0 ? MODEL_BYTES : 1200U;
    config.result_count = 12;
    config.put = put;
    config.micros = micros;
#if TR_LAYERS
    config.cycles = cycles;
    config.cycle_counter = "simulated: 64 MHz";
#endif
    config.pulse = pulse;
    config.load = load;
    config.infer = infer;
    config.result = result;
    now_us = (choice & 4) != 0 ? 0U - 1000000U : 0U; /* wraps in the middle */
    inferences = 0;
    said_bytes = 0;
    memset(tensor, 0, sizeof tensor);
    input = (uint8_t *)malloc(config.input_capacity); /* its end is guarded */
    require(input != NULL, "memory");
    config.input = input;
#if TR_OWN_COMMANDS
    activations = (int8_t *)malloc(MOST_ACTIVATIONS);
    require(activations != NULL, "memory");
    begin_streaming(&config, &streaming, activations);
#endif
    require(tr_dut_init(&dut, &config, (choice & 1) != 0 ? TR_MODE_ENERGY : TR_MODE_PERFORMANCE),
            "a whole configuration");
    if (setjmp(too_long) == 0) {
        tr_dut_boot(&dut);
        send(&config, data + 1, size - 1);
        must_answer(&config);
    }
    free(input);
#if TR_OWN_COMMANDS
    free(activations);
#endif
    return 0;
}
