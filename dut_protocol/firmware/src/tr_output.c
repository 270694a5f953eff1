/* SPDX-License-Identifier: Apache-2.0 */
/* Replies, buffered into lines, and timestamps. */
#include <string.h>

#include "tr_internal.h"

void tr_flush(tr_dut *dut)
{
    if (dut->line_bytes > 0) {
        dut->config->put(dut->config->user, dut->line, dut->line_bytes);
        dut->line_bytes = 0;
    }
}

void tr_write_bytes(tr_dut *dut, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dut->line[dut->line_bytes++] = bytes[i];
        if (dut->line_bytes == TR_LINE_BYTES) {
            tr_flush(dut);
        }
    }
}

void tr_write_string(tr_dut *dut, const char *text)
{
    tr_write_bytes(dut, text, strlen(text));
}

void tr_write_u32(tr_dut *dut, uint32_t value)
{
    char digits[10];
    size_t start = sizeof digits;

    do {
        digits[--start] = (char)('0' + (char)(value % 10U));
        value /= 10U;
    } while (value > 0);
    tr_write_bytes(dut, digits + start, sizeof digits - start);
}

void tr_write_i32(tr_dut *dut, int32_t value)
{
    if (value < 0) {
        tr_write_string(dut, "-");
    }
    tr_write_u32(dut, value < 0 ? 0U - (uint32_t)value : (uint32_t)value);
}

void tr_write_hex_byte(tr_dut *dut, uint8_t value)
{
    static const char digits[] = "0123456789abcdef";

    tr_write_bytes(dut, &digits[value >> 4], 1);
    tr_write_bytes(dut, &digits[value & 15], 1);
}

void tr_end_line(tr_dut *dut)
{
    tr_write_string(dut, "\r\n");
    tr_flush(dut);
}

void tr_write_line(tr_dut *dut, const char *text)
{
    tr_write_string(dut, text);
    tr_end_line(dut);
}

void tr_write_number_line(tr_dut *dut, const char *prefix, uint32_t value, const char *suffix)
{
    tr_write_string(dut, prefix);
    tr_write_u32(dut, value);
    tr_write_line(dut, suffix);
}

void tr_write_bracketed(tr_dut *dut, const char *prefix, const char *text)
{
    tr_write_string(dut, prefix);
    tr_write_string(dut, text);
    tr_write_line(dut, "]");
}

void tr_write_expecting(tr_dut *dut, uint32_t count)
{
    tr_write_number_line(dut, "m-[Expecting ", count, " bytes]");
}

void tr_write_error_token(tr_dut *dut, const char *prefix, tr_span token, const char *suffix)
{
    tr_write_string(dut, "e-[");
    tr_write_string(dut, prefix);
    tr_write_bytes(dut, token.chars, token.count);
    tr_write_line(dut, suffix);
}

void tr_write_error(tr_dut *dut, const char *text)
{
    tr_write_bracketed(dut, "e-[", text);
}

void tr_write_ready(tr_dut *dut)
{
    tr_write_line(dut, "m-ready");
#if TR_WIRE_EXTENSION
    if (dut->extended.state != TR_EXTENDED_IDLE) {
        dut->extended.last_activity_us = dut->config->micros(dut->config->user);
    }
#endif
}

void tr_timestamp(tr_dut *dut)
{
    const tr_dut_config *config = dut->config;

    if (dut->mode == TR_MODE_PERFORMANCE) {
        tr_write_number_line(dut, "m-lap-us-", config->micros(config->user), "");
    } else {
        config->pulse(config->user);
    }
}
