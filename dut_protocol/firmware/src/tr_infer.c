/* SPDX-License-Identifier: Apache-2.0 */
/* `infer` and `results`, and `profile layers` of what was inferred. */
#include "tr_internal.h"

#define DEFAULT_ITERATIONS 1
#define DEFAULT_WARMUPS 10

void tr_write_results(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;

    tr_write_string(dut, "m-results-[");
    for (uint32_t i = 0; i < config->result_count; i++) {
        if (i > 0) {
            tr_write_char(dut, ',');
        }
        tr_write_score(dut, config->result(config->user, i));
    }
    tr_write_line(dut, "]");
}

/* Pass the input to the model. An input of another size is not passed, as in the reference
 * firmware, nor the first part of a larger load that happens to be as long; the host takes the line
 * for a failure. */
static void load_tensor(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;

    if (dut->received == config->input_bytes && dut->received == dut->expected) {
        config->load(config->user, config->input, config->input_bytes);
        return;
    }
    tr_write_number(dut, "Input db has ", dut->received);
    tr_write_number_lf(dut, " elemented, expected ", config->input_bytes);
}

#if TR_LAYERS

/* The device whose inference runs: a network does not know it. */
static tr_dut *inferring;

static tr_layer_time read_counters(const tr_dut_config *config)
{
    const tr_layer_time now = {NULL, config->cycles(config->user), config->micros(config->user)};

    return now;
}

static tr_layer_time between(tr_layer_time from, tr_layer_time to, const char *name)
{
    const tr_layer_time taken = {name, to.cycles - from.cycles, to.us - from.us};

    return taken;
}

void tr_layer_done(const char *name)
{
    tr_dut *const dut = inferring;
    tr_layer_time now;

    if (dut == NULL) {
        return; /* the port infers on its own */
    }
    now = read_counters(dut->config);
    if (dut->layer_count < TR_LAYERS) {
        dut->layers[dut->layer_count] = between(dut->layer_began, now, name);
    }
    if (dut->layer_count < UINT16_MAX) {
        dut->layer_count++;
    }
    dut->layer_began = read_counters(dut->config); /* this function's time is no layer's */
}

static void begin_layers(tr_dut *dut)
{
    dut->layer_count = 0;
    inferring = dut;
    dut->whole = read_counters(dut->config); /* the beginning */
    dut->layer_began = dut->whole;
}

static void end_layers(tr_dut *dut)
{
    inferring = NULL;
    dut->whole = between(dut->whole, read_counters(dut->config), "");
}

static void write_time(tr_dut *dut, const char *prefix, uint32_t number, tr_layer_time taken)
{
    tr_write_number(dut, prefix, number);
    if (*taken.name != '\0') {
        tr_write_string(dut, "-[");
        tr_write_string(dut, taken.name);
        tr_write_string(dut, "]");
    }
    tr_write_number(dut, "-", taken.cycles);
    tr_write_number_line(dut, "-", taken.us);
}

void tr_write_layers(tr_dut *dut)
{
    if (dut->layer_count > TR_LAYERS) {
        tr_write_error(dut, "Layers: there are more than TR_LAYERS");
        return;
    }
    if (dut->whole.name == NULL) {
        tr_write_error(dut, "Layers: no inference yet");
        return;
    }
    tr_write_bracketed(dut, "x-layers-[", dut->config->cycle_counter);
    for (uint32_t i = 0; i < dut->layer_count; i++) {
        write_time(dut, "x-layer-", i, dut->layers[i]);
    }
    write_time(dut, "x-layers-done-", dut->layer_count, dut->whole);
}

#endif

static void run_inferences(tr_dut *dut, uint32_t count)
{
    const tr_dut_config *config = dut->config;

    for (; count > 0; count--) {
#if TR_LAYERS
        begin_layers(dut);
#endif
        config->infer(config->user);
#if TR_LAYERS
        end_layers(dut);
#endif
    }
}

void tr_command_infer(tr_dut *dut, tr_arguments *arguments)
{
    const int32_t iterations = tr_next_number(arguments, DEFAULT_ITERATIONS);
    const int32_t warmups = tr_next_number(arguments, DEFAULT_WARMUPS);

    if (iterations <= 0 || iterations == INT32_MAX) {
        tr_write_error(dut, "Inference iterations must be >0");
        return;
    }
    if (warmups < 0 || warmups == INT32_MAX) {
        tr_write_error(dut, "Inference warmup must be >=0");
        return;
    }
    load_tensor(dut);
    tr_write_number_line(dut, "m-warmup-start-", (uint32_t)warmups);
    run_inferences(dut, (uint32_t)warmups);
    tr_write_number_line(dut, "m-warmup-done\r\nm-infer-start-", (uint32_t)iterations);
    tr_timestamp(dut);
    run_inferences(dut, (uint32_t)iterations);
    tr_timestamp(dut);
    tr_write_line(dut, "m-infer-done");
    tr_write_results(dut);
}
