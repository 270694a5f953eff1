/* SPDX-License-Identifier: Apache-2.0 */
/* Every command's way to its function; those of one line are executed here. */
#include "tr_internal.h"

#define COMMANDS "db infer name profile timestamp results help "
#if TR_WIRE_EXTENSION
#define COMMANDS_OF_EXTENSION "xdb xd "
#else
#define COMMANDS_OF_EXTENSION ""
#endif

/* In the order of their words. */
enum {
    DB,
    INFER,
    NAME,
    PROFILE,
    TIMESTAMP,
    RESULTS,
    HELP,
    XDB,
    XD,
    UNKNOWN
};

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
    tr_write_line(dut, "tinyrunner DUT library\r\n"
                       "name, profile, timestamp, results, help\r\n"
                       "db load N | db HEX | db print\r\n"
                       "infer [N=1] [W=10]"
#if TR_LAYERS
                       "\r\nprofile layers"
#endif
    );
#if TR_WIRE_EXTENSION
    tr_extension_write_offer(dut);
#endif
    (void)execute_own(dut, "help", 4);
}

static void write_profile(tr_dut *dut, tr_arguments *arguments)
{
#if TR_LAYERS
    if (tr_next_word(arguments, "layers ") == 0) {
        tr_write_layers(dut);
        return;
    }
#else
    (void)arguments;
#endif
    tr_write_bracketed(dut,
                       "m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\n"
                       "m-model-[",
                       dut->config->model_id);
}

/* Those of the extension have no space before them: `xd` is decoded in its place. */
static unsigned find_command(const tr_dut *dut, tr_arguments *arguments)
{
    const unsigned command = tr_next_word(arguments, COMMANDS COMMANDS_OF_EXTENSION);

    if (command > HELP && arguments->token != dut->command) {
        return UNKNOWN;
    }
    return command;
}

/* An empty command is an unknown one, too. */
static void execute_other(tr_dut *dut, const tr_arguments *arguments)
{
    if (!execute_own(dut, dut->command, dut->command_bytes)) {
        tr_write_string(dut, "e-[Unknown command: ");
        tr_write_bytes(dut, arguments->token, arguments->token_bytes);
        tr_write_line(dut, "]");
    }
}

void tr_execute_command(tr_dut *dut)
{
    tr_arguments arguments;

    arguments.rest = dut->command;
    arguments.end = dut->command + dut->command_bytes;
#if TR_ECHO
    tr_write_string(dut, "Received command: ");
    tr_write_bytes(dut, dut->command, dut->command_bytes);
    tr_end_line(dut);
#endif
    switch (find_command(dut, &arguments)) {
    case DB:
        tr_command_db(dut, &arguments);
        break;
    case INFER:
        tr_command_infer(dut, &arguments);
        break;
    case NAME:
        tr_write_bracketed(dut, "m-name-dut-[", dut->config->vendor);
        break;
    case PROFILE:
        write_profile(dut, &arguments);
        break;
    case TIMESTAMP:
        tr_timestamp(dut);
        break;
    case RESULTS:
        tr_write_results(dut);
        break;
    case HELP:
        write_help(dut);
        break;
#if TR_WIRE_EXTENSION
    case XDB:
        tr_command_xdb(dut, &arguments);
        break;
    case XD:
        tr_command_xd(dut);
        break;
#endif
    default:
        execute_other(dut, &arguments);
    }
    tr_write_ready(dut);
}
