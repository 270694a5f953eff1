/* SPDX-License-Identifier: Apache-2.0 */
/* Initialisation, the boot banner, and the main loop's part: from bytes to commands. */
#include "tinyrunner_dut.h"

#include <string.h>

#include "tr_internal.h"

static bool config_is_complete(const tr_dut_config *config, tr_mode mode)
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
#if TR_LAYERS
    if (config->micros == NULL || config->cycles == NULL || config->cycle_counter == NULL) {
        return false;
    }
#endif
    return mode == TR_MODE_PERFORMANCE || config->pulse != NULL;
}

bool tr_dut_init(tr_dut *dut, const tr_dut_config *config, tr_mode mode)
{
    if (!config_is_complete(config, mode)) {
        return false;
    }
    memset(dut, 0, sizeof *dut);
    dut->config = config;
    dut->mode = (uint8_t)mode;
    return true;
}

void tr_dut_boot(tr_dut *dut)
{
    tr_write_string(dut, "m-timestamp-mode-");
    tr_write_line(dut, dut->mode == TR_MODE_PERFORMANCE ? "performance" : "energy");
    tr_timestamp(dut);
    tr_write_line(dut, "m-init-done");
    tr_write_ready(dut);
}

/* A command of which a part is missing must not be executed, nor a load with a hole go on. */
static void report_overflow(tr_dut *dut, uint8_t overflows)
{
    dut->overflows_reported = overflows;
    dut->command_bytes = 0;
#if TR_WIRE_EXTENSION
    if (dut->extended.state != TR_EXTENDED_IDLE) {
        tr_extension_overflow(dut);
        return;
    }
#endif
    if (dut->received < dut->expected) {
        tr_discard_load(dut);
    }
    tr_write_error(dut, "Receive buffer overflow, input lost");
    tr_write_ready(dut);
}

/* Whether a command was executed. */
static bool execute_next_command(tr_dut *dut)
{
    int byte;

    while ((byte = tr_ring_pop(dut)) >= 0) {
        if (byte == '%') {
            tr_execute_command(dut);
            dut->command_bytes = 0;
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
    /* Read before the ring: after an overflow nothing is added to the ring until it is reported, so
     * a ring found empty below is empty up to the loss. */
    const uint8_t overflows = dut->overflows;
    bool pending;

#if TR_WIRE_EXTENSION
    if (dut->extended.state == TR_EXTENDED_BIN || dut->extended.state == TR_EXTENDED_DISCARD) {
        tr_extension_poll(dut);
        pending = true; /* its time-out must be polled */
    } else
#endif
    {
        pending = execute_next_command(dut);
    }
    if (overflows != dut->overflows_reported && dut->ring_head == dut->ring_tail) {
        report_overflow(dut, overflows);
        pending = true;
    }
    return pending || tr_dut_room(dut) < TR_RING_BYTES - 1;
}
