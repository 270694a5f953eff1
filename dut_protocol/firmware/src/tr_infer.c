/* SPDX-License-Identifier: Apache-2.0 */
/* `infer` and `results`. */
#include "tr_internal.h"

#define DEFAULT_ITERATIONS 1
#define DEFAULT_WARMUPS 10

void tr_say_results(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;
    uint32_t i;

    tr_put_text(dut, "m-results-[");
    for (i = 0; i < config->result_count; i++) {
        if (i > 0) {
            tr_put_text(dut, ",");
        }
        tr_put_score(dut, config->result(config->user, i));
    }
    tr_say(dut, "]");
}

/* An optional count, at least `least`; false for a word that is none, or too large to be true. */
static bool next_count(tr_text *arguments, int32_t least, int32_t *count)
{
    tr_text word;

    if (!tr_next_word(arguments, &word)) {
        return true;
    }
    return tr_parse_number(word, count) && *count >= least && *count < INT32_MAX;
}

/* The input to the model. Of another size it is left out, as in the reference firmware, and so is
 * the beginning of a larger one that happens to be as long; the host takes the line for a failure.
 * Ended by LF alone. */
static void load_tensor(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;

    if (dut->received == config->input_bytes && dut->received == dut->expected) {
        config->load(config->user, config->input, config->input_bytes);
        return;
    }
    tr_put_text(dut, "Input db has ");
    tr_put_unsigned(dut, dut->received);
    tr_put_text(dut, " elemented, expected ");
    tr_put_unsigned(dut, config->input_bytes);
    tr_put_text(dut, "\n");
    tr_flush(dut);
}

static void run(tr_dut *dut, uint32_t count)
{
    const tr_dut_config *config = dut->config;

    for (; count > 0; count--) {
        config->infer(config->user);
    }
}

void tr_infer(tr_dut *dut, tr_text arguments)
{
    int32_t iterations = DEFAULT_ITERATIONS;
    int32_t warmups = DEFAULT_WARMUPS;

    if (!next_count(&arguments, 1, &iterations)) {
        tr_say_error(dut, "Inference iterations must be >0");
        return;
    }
    if (!next_count(&arguments, 0, &warmups)) {
        tr_say_error(dut, "Inference warmup must be >=0");
        return;
    }
    load_tensor(dut);
    tr_say_number(dut, "m-warmup-start-", (uint32_t)warmups, "");
    run(dut, (uint32_t)warmups);
    tr_say(dut, "m-warmup-done");
    tr_say_number(dut, "m-infer-start-", (uint32_t)iterations, "");
    tr_stamp(dut);
    run(dut, (uint32_t)iterations);
    tr_stamp(dut);
    tr_say(dut, "m-infer-done");
    tr_say_results(dut);
}
