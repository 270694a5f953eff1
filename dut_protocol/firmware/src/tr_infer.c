/* SPDX-License-Identifier: Apache-2.0 */
/* `infer` and `results`. */
#include "tr_internal.h"

#define DEFAULT_ITERATIONS 1
#define DEFAULT_WARMUPS 10

void tr_write_results(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;

    tr_write_string(dut, "m-results-[");
    for (uint32_t i = 0; i < config->result_count; i++) {
        if (i > 0) {
            tr_write_string(dut, ",");
        }
        tr_write_score(dut, config->result(config->user, i));
    }
    tr_write_line(dut, "]");
}

/* An optional count, at least `min`; false for a token that is no count, or out of range. */
static bool next_count(tr_span *arguments, int32_t min, int32_t *count)
{
    tr_span token;

    if (!tr_next_token(arguments, &token)) {
        return true;
    }
    return tr_parse_int32(token, count) && *count >= min && *count < INT32_MAX;
}

/* Pass the input to the model. An input of another size is not passed, as in the reference
 * firmware, nor the first part of a larger load that happens to be as long; the host takes the line
 * for a failure. Ended by LF alone. */
static void load_tensor(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;

    if (dut->received == config->input_bytes && dut->received == dut->expected) {
        config->load(config->user, config->input, config->input_bytes);
        return;
    }
    tr_write_string(dut, "Input db has ");
    tr_write_u32(dut, dut->received);
    tr_write_string(dut, " elemented, expected ");
    tr_write_u32(dut, config->input_bytes);
    tr_write_string(dut, "\n");
    tr_flush(dut);
}

static void run_inferences(tr_dut *dut, uint32_t count)
{
    const tr_dut_config *config = dut->config;

    for (; count > 0; count--) {
        config->infer(config->user);
    }
}

void tr_command_infer(tr_dut *dut, tr_span arguments)
{
    int32_t iterations = DEFAULT_ITERATIONS;
    int32_t warmups = DEFAULT_WARMUPS;

    if (!next_count(&arguments, 1, &iterations)) {
        tr_write_error(dut, "Inference iterations must be >0");
        return;
    }
    if (!next_count(&arguments, 0, &warmups)) {
        tr_write_error(dut, "Inference warmup must be >=0");
        return;
    }
    load_tensor(dut);
    tr_write_number_line(dut, "m-warmup-start-", (uint32_t)warmups, "");
    run_inferences(dut, (uint32_t)warmups);
    tr_write_line(dut, "m-warmup-done");
    tr_write_number_line(dut, "m-infer-start-", (uint32_t)iterations, "");
    tr_timestamp(dut);
    run_inferences(dut, (uint32_t)iterations);
    tr_timestamp(dut);
    tr_write_line(dut, "m-infer-done");
    tr_write_results(dut);
}
