/* SPDX-License-Identifier: Apache-2.0 */
/* Every command's way to its function; those of one line are executed here. */
#include "tr_internal.h"

static void write_bracketed(tr_dut *dut, const char *prefix, const char *text)
{
    tr_write_string(dut, prefix);
    tr_write_string(dut, text);
    tr_write_line(dut, "]");
}

static bool execute_own(tr_dut *dut, const char *command, size_t count)
{
#if TR_OWN_COMMANDS
    const tr_dut_config *config = dut->config;

    return config->command != NULL && config->command(config->user, dut, command, count);
#else
    (void)dut;
    (void)command;
    (void)count;
    return false;
#endif
}

static void write_help(tr_dut *dut)
{
    tr_write_line(dut, "tinyrunner DUT library");
    tr_write_line(dut, "name, profile, timestamp, results, help");
    tr_write_line(dut, "db load N | db HEX | db print");
    tr_write_line(dut, "infer [N=1] [W=10]");
#if TR_LAYERS
    tr_write_line(dut, "profile layers");
#endif
#if TR_WIRE_EXTENSION
    tr_extension_write_offer(dut);
#endif
    (void)execute_own(dut, "help", 4);
}

#if TR_LAYERS
static bool asks_for_layers(tr_span arguments)
{
    tr_span what;

    return tr_next_token(&arguments, &what) && tr_equals(what, "layers");
}
#endif

void tr_execute_command(tr_dut *dut, tr_span command)
{
    tr_span arguments = command;
    tr_span name;

#if TR_ECHO
    tr_write_string(dut, "Received command: ");
    tr_write_bytes(dut, command.chars, command.count);
    tr_end_line(dut);
#endif
#if TR_WIRE_EXTENSION
    if (tr_extension_execute(dut, dut->command, command.count)) {
        return;
    }
#endif
    (void)tr_next_token(&arguments, &name);
    if (tr_equals(name, "db")) {
        tr_command_db(dut, arguments);
    } else if (tr_equals(name, "infer")) {
        tr_command_infer(dut, arguments);
    } else if (tr_equals(name, "name")) {
        write_bracketed(dut, "m-name-dut-[", dut->config->vendor);
#if TR_LAYERS
    } else if (tr_equals(name, "profile") && asks_for_layers(arguments)) {
        tr_write_layers(dut);
#endif
    } else if (tr_equals(name, "profile")) {
        tr_write_line(dut, "m-profile-[ULPMark for tinyML Firmware V0.0.1]");
        write_bracketed(dut, "m-model-[", dut->config->model_id);
    } else if (tr_equals(name, "timestamp")) {
        tr_timestamp(dut);
    } else if (tr_equals(name, "results")) {
        tr_write_results(dut);
    } else if (tr_equals(name, "help")) {
        write_help(dut);
    } else if (!execute_own(dut, command.chars, command.count)) { /* an empty command too */
        tr_write_error_token(dut, "Unknown command: ", name, "");
    }
    tr_write_ready(dut);
}
