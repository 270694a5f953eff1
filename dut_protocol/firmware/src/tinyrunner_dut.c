/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning, and the main loop's part: bytes to commands. */
#include "tinyrunner_dut.h"

#include <string.h>

#include "tr_internal.h"

static bool is_complete(const tr_dut_config *config, tr_mode mode)
{
    if (config == NULL || config->vendor == NULL || config->model_id == NULL) {
        return false;
    }
    if (config->input == NULL || config->input_bytes == 0 || config->result_count == 0) {
        return false;
    }
    if (config->input_capacity < config->input_bytes || config->input_capacity > INT32_MAX) {
        return false;
    }
    if (config->put == NULL || config->load == NULL) {
        return false;
    }
    if (config->infer == NULL || config->result == NULL) {
        return false;
    }
    if (config->micros == NULL && (TR_WIRE_EXTENSION || mode == TR_MODE_PERFORMANCE)) {
        return false;
    }
    return mode == TR_MODE_PERFORMANCE || config->pulse != NULL;
}

bool tr_dut_init(tr_dut *dut, const tr_dut_config *config, tr_mode mode)
{
    if (!is_complete(config, mode)) {
        return false;
    }
    memset(dut, 0, sizeof *dut);
    dut->config = config;
    dut->mode = (uint8_t)mode;
    return true;
}

void tr_dut_boot(tr_dut *dut)
{
    tr_put_text(dut, "m-timestamp-mode-");
    tr_say(dut, dut->mode == TR_MODE_PERFORMANCE ? "performance" : "energy");
    tr_stamp(dut);
    tr_say(dut, "m-init-done");
    tr_say_ready(dut);
}

/* A command of which a part is missing must not be executed, nor a load with a hole go on. */
static void answer_overflow(tr_dut *dut, uint8_t overflows)
{
    dut->overflows_answered = overflows;
    dut->command_bytes = 0;
#if TR_WIRE_EXTENSION
    if (dut->extended.state != TR_EXTENDED_NONE) {
        tr_extension_overflow(dut);
        return;
    }
#endif
    if (dut->received < dut->expected) {
        tr_void_load(dut);
    }
    tr_say_error(dut, "Receive buffer overflow, input lost");
    tr_say_ready(dut);
}

/* Whether a command was executed. */
static bool take_command(tr_dut *dut)
{
    uint8_t byte;

    while (tr_ring_take(dut, &byte)) {
        if (byte == '%') {
            const tr_text command = {dut->command, dut->command_bytes};

            dut->command_bytes = 0;
            tr_execute(dut, command);
            return true;
        }
        if (dut->command_bytes < TR_COMMAND_BYTES) {
            dut->command[dut->command_bytes++] = (char)byte;
        }
    }
    return false;
}

bool tr_dut_poll(tr_dut *dut)
{
    /* Looked at before the ring: when it was so then, nothing has been added since, and the ring
     * that is found empty now is empty up to the loss. */
    const uint8_t overflows = dut->overflows;
    bool goes_on;

#if TR_WIRE_EXTENSION
    if (dut->extended.state == TR_EXTENDED_BIN || dut->extended.state == TR_EXTENDED_DEAF) {
        tr_extension_poll(dut);
        goes_on = true; /* its time-out needs another look */
    } else
#endif
    {
        goes_on = take_command(dut);
    }
    if (overflows != dut->overflows_answered && dut->ring_head == dut->ring_tail) {
        answer_overflow(dut, overflows);
        goes_on = true;
    }
    return goes_on || tr_dut_room(dut) < TR_RING_BYTES - 1;
}
