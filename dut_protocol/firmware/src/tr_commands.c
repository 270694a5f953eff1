/* SPDX-License-Identifier: Apache-2.0 */
/* Every command's way to its function; those of one line are executed here. */
#include "tr_internal.h"

#define COMMANDS "db infer name profile timestamp results help "

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

static void write_profile(tr_dut *dut, tr_span arguments)
{
#if TR_LAYERS
    tr_span what;

    if (tr_next_token(&arguments, &what) && tr_find(what, "layers ") == 0) {
        tr_write_layers(dut);
        return;
    }
#else
    (void)arguments;
#endif
    tr_write_line(dut, "m-profile-[ULPMark for tinyML Firmware V0.0.1]");
    tr_write_bracketed(dut, "m-model-[", dut->config->model_id);
}

/* An empty command is an unknown one, too. */
static void execute_other(tr_dut *dut, tr_span command, tr_span name, tr_span arguments)
{
#if TR_WIRE_EXTENSION
    if (name.chars == command.chars && tr_extension_execute(dut, name, arguments)) {
        return;
    }
#else
    (void)arguments;
#endif
    if (!execute_own(dut, command.chars, command.count)) {
        tr_write_error_token(dut, "Unknown command: ", name, "]");
    }
}

void tr_execute_command(tr_dut *dut, tr_span command)
{
    tr_span arguments = command;
    tr_span name;

#if TR_ECHO
    tr_write_string(dut, "Received command: ");
    tr_write_bytes(dut, command.chars, command.count);
    tr_end_line(dut);
#endif
    (void)tr_next_token(&arguments, &name);
    switch (tr_find(name, COMMANDS)) {
    case 0:
        tr_command_db(dut, arguments);
        break;
    case 1:
        tr_command_infer(dut, arguments);
        break;
    case 2:
        tr_write_bracketed(dut, "m-name-dut-[", dut->config->vendor);
        break;
    case 3:
        write_profile(dut, arguments);
        break;
    case 4:
        tr_timestamp(dut);
        break;
    case 5:
        tr_write_results(dut);
        break;
    case 6:
        write_help(dut);
        break;
    default:
        execute_other(dut, command, name, arguments);
    }
    tr_write_ready(dut);
}
