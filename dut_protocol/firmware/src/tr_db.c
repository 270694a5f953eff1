/* SPDX-License-Identifier: Apache-2.0 */
/* `db`: loads of the input buffer by hex digits, and its printout. */
#include "tr_internal.h"

#define ROW_BYTES 8U

void tr_discard_load(tr_dut *dut)
{
    dut->expected = 0;
    dut->received = 0;
#if TR_WIRE_EXTENSION
    dut->extended.state = TR_EXTENDED_IDLE;
#endif
}

void tr_end_load(tr_dut *dut)
{
#if TR_WIRE_EXTENSION
    dut->extended.state = TR_EXTENDED_IDLE;
#endif
    tr_write_line(dut, "m-load-done");
}

static void begin_load(tr_dut *dut, tr_arguments *arguments)
{
    const uint32_t capacity = dut->config->input_capacity;
    const int32_t count = tr_next_number(arguments, TR_NO_NUMBER);

    if (arguments->token_bytes == 0) {
        tr_write_error(dut, "Command 'db load' requires the # of bytes");
        return;
    }
    if (count == TR_NO_NUMBER || count == 0) {
        tr_write_error(dut, "Command 'db load' must be >0 bytes");
        return;
    }
    tr_discard_load(dut);
    if (count < 0 || (uint32_t)count > capacity) {
        tr_write_string(dut, "Supplied buffer size ");
        tr_write_i32(dut, count);
        tr_write_number_lf(dut, " exceeds maximum of ", capacity);
        return;
    }
    dut->expected = (uint32_t)count;
    tr_write_expecting(dut, dut->expected);
}

/* How many bytes `db HEX` may still store. */
static uint32_t remaining_bytes(const tr_dut *dut)
{
#if TR_WIRE_EXTENSION
    if (dut->extended.state != TR_EXTENDED_IDLE) {
        return 0;
    }
#endif
    return dut->expected - dut->received;
}

/* Digits beyond the load's last byte are ignored. */
static void store_hex(tr_dut *dut, const char *digits, size_t count)
{
    const uint32_t remaining = remaining_bytes(dut);

    if (count % 2 != 0) {
        tr_write_error(dut, "Insufficent number of hex digits"); /* the reference's spelling */
        return;
    }
    for (const char *const end = digits + count; digits < end; digits += 2) {
        const unsigned high = tr_hex_digit_value(digits[0]);
        const unsigned low = tr_hex_digit_value(digits[1]);

        if (high > 15 || low > 15) {
            tr_write_string(dut, "e-[Invalid hex digit '");
            tr_write_bytes(dut, digits, 2);
            tr_write_line(dut, "']");
            return;
        }
        if (remaining > 0) {
            dut->config->input[dut->received++] = (uint8_t)(high << 4 | low);
            if (dut->received == dut->expected) {
                tr_end_load(dut);
                return;
            }
        }
    }
    if (remaining == 0) { /* the reference writes past its buffer here */
        tr_write_error(dut, "No load in progress; send 'db load N' first");
        return;
    }
#if TR_ECHO
    tr_write_u32(dut, dut->received);
    tr_write_line(dut, " bytes received");
#endif
}

/* Bytes still to come are printed as 0. */
static void print_buffer(tr_dut *dut)
{
    for (uint32_t i = 0; i < dut->expected; i++) {
        tr_write_string(dut, i % ROW_BYTES == 0 ? "m-buffer-" : "-");
        tr_write_hex_byte(dut, i < dut->received ? dut->config->input[i] : 0);
        if (i % ROW_BYTES == ROW_BYTES - 1) {
            tr_end_line(dut);
        }
    }
    if (dut->expected % ROW_BYTES != 0) { /* an empty line behind it, as in the reference */
        tr_end_line(dut);
        tr_end_line(dut);
    }
}

void tr_command_db(tr_dut *dut, tr_arguments *arguments)
{
    switch (tr_next_word(arguments, "load print ")) {
    case 0:
        begin_load(dut, arguments);
        break;
    case 1:
        print_buffer(dut);
        break;
    default:
        if (arguments->token_bytes == 0) {
            tr_write_error(dut, "Command 'db' requires a subcommand");
        } else {
            store_hex(dut, arguments->token, arguments->token_bytes);
        }
    }
}
