/* SPDX-License-Identifier: Apache-2.0 */
/* `db`: filling the input buffer by hex digits, and showing it. */
#include "tr_internal.h"

#define ROW_BYTES 8u

void tr_void_load(tr_dut *dut)
{
    dut->expected = 0;
    dut->received = 0;
}

static void begin_load(tr_dut *dut, tr_text arguments)
{
    const uint32_t capacity = dut->config->input_capacity;
    tr_text word;
    int32_t count;

    if (!tr_next_word(&arguments, &word)) {
        tr_say_error(dut, "Command 'db load' requires the # of bytes");
        return;
    }
    if (!tr_parse_number(word, &count) || count == 0) {
        tr_say_error(dut, "Command 'db load' must be >0 bytes");
        return;
    }
    tr_void_load(dut);
#if TR_WIRE_EXTENSION
    dut->extended.state = TR_EXTENDED_NONE;
#endif
    if (count < 0 || (uint32_t)count > capacity) { /* ended by LF alone, as the reference has it */
        tr_put_text(dut, "Supplied buffer size ");
        tr_put_signed(dut, count);
        tr_put_text(dut, " exceeds maximum of ");
        tr_put_unsigned(dut, capacity);
        tr_put_text(dut, "\n");
        tr_flush(dut);
        return;
    }
    dut->expected = (uint32_t)count;
    tr_say_number(dut, "m-[Expecting ", dut->expected, " bytes]");
}

/* How many bytes may be stored now. */
static uint32_t bytes_due(const tr_dut *dut)
{
#if TR_WIRE_EXTENSION
    if (dut->extended.state != TR_EXTENDED_NONE) {
        return 0;
    }
#endif
    return dut->expected - dut->received;
}

/* Digits beyond the load's last byte are not looked at. */
static void store(tr_dut *dut, tr_text digits)
{
    const uint32_t due = bytes_due(dut);
    size_t i;

    if (digits.count % 2 != 0) {
        tr_say_error(dut, "Insufficent number of hex digits"); /* the reference's spelling */
        return;
    }
    for (i = 0; i < digits.count; i += 2) {
        const uint8_t high = tr_hex_value(digits.start[i]);
        const uint8_t low = tr_hex_value(digits.start[i + 1]);

        if (high > 15 || low > 15) {
            const tr_text pair = {digits.start + i, 2};

            tr_say_error_about(dut, "Invalid hex digit '", pair, "'");
            return;
        }
        if (due > 0) {
            dut->config->input[dut->received++] = (uint8_t)(high << 4 | low);
            if (dut->received == dut->expected) {
                tr_say(dut, "m-load-done");
                return;
            }
        }
    }
    if (due == 0) { /* the reference writes past its buffer here */
        tr_say_error(dut, "No load in progress; send 'db load N' first");
    }
}

/* What has not come yet is shown as 0. */
static void print(tr_dut *dut)
{
    uint32_t i;

    for (i = 0; i < dut->expected; i++) {
        tr_put_text(dut, i % ROW_BYTES == 0 ? "m-buffer-" : "-");
        tr_put_hex_byte(dut, i < dut->received ? dut->config->input[i] : 0);
        if (i % ROW_BYTES == ROW_BYTES - 1 || i == dut->expected - 1) {
            tr_end_line(dut);
        }
    }
    if (dut->expected % ROW_BYTES != 0) {
        tr_end_line(dut);
    }
}

void tr_db(tr_dut *dut, tr_text arguments)
{
    tr_text word;

    if (!tr_next_word(&arguments, &word)) {
        tr_say_error(dut, "Command 'db' requires a subcommand");
    } else if (tr_is(word, "load")) {
        begin_load(dut, arguments);
    } else if (tr_is(word, "print")) {
        print(dut);
    } else {
        store(dut, word);
    }
}
