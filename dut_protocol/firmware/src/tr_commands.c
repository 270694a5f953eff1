/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, but for `db` and `infer`. */
#include "tr_internal.h"

void tr_stamp(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;

    if (dut->mode == TR_MODE_PERFORMANCE) {
        tr_say_number(dut, "m-lap-us-", config->micros(config->user), "");
    } else {
        config->pulse(config->user);
    }
}

static void say_in_brackets(tr_dut *dut, const char *before, const char *text)
{
    tr_put_text(dut, before);
    tr_put_text(dut, text);
    tr_say(dut, "]");
}

static void help(tr_dut *dut)
{
    tr_say(dut, "tinyrunner DUT library");
    tr_say(dut, "name, profile, timestamp, results, help");
    tr_say(dut, "db load N | db HEX | db print");
    tr_say(dut, "infer [N=1] [W=10]");
#if TR_WIRE_EXTENSION
    tr_extension_offer(dut);
#endif
}

void tr_execute(tr_dut *dut, tr_text command)
{
    tr_text rest = command;
    tr_text word;

#if TR_WIRE_EXTENSION
    if (tr_extension_command(dut, dut->command, command.count)) {
        return;
    }
#endif
    (void)tr_next_word(&rest, &word);
    if (tr_is(word, "db")) {
        tr_db(dut, rest);
    } else if (tr_is(word, "infer")) {
        tr_infer(dut, rest);
    } else if (tr_is(word, "name")) {
        say_in_brackets(dut, "m-name-dut-[", dut->config->vendor);
    } else if (tr_is(word, "profile")) {
        tr_say(dut, "m-profile-[ULPMark for tinyML Firmware V0.0.1]");
        say_in_brackets(dut, "m-model-[", dut->config->model_id);
    } else if (tr_is(word, "timestamp")) {
        tr_stamp(dut);
    } else if (tr_is(word, "results")) {
        tr_say_results(dut);
    } else if (tr_is(word, "help")) {
        help(dut);
    } else { /* an empty command too */
        tr_say_error_about(dut, "Unknown command: ", word, "");
    }
    tr_say_ready(dut);
}
