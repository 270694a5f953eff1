/* SPDX-License-Identifier: Apache-2.0 */
/* Replies, buffered into lines, and timestamps. */
#include "tr_internal.h"

void tr_flush(tr_dut *dut)
{
    if (dut->line_bytes > 0) {
        dut->config->put(dut->config->user, dut->line, dut->line_bytes);
        dut->line_bytes = 0;
    }
}

void tr_write_char(tr_dut *dut, char byte)
{
    dut->line[dut->line_bytes++] = byte;
    if (dut->line_bytes == TR_LINE_BYTES) {
        tr_flush(dut);
    }
}

void tr_write_bytes(tr_dut *dut, const char *bytes, size_t count)
{
    while (count-- > 0) {
        tr_write_char(dut, *bytes++);
    }
}

void tr_write_string(tr_dut *dut, const char *text)
{
    while (*text != '\0') {
        tr_write_char(dut, *text++);
    }
}

char *tr_decimal(uint32_t value, char *end)
{
    do {
        *--end = (char)('0' + (char)(value % 10U));
        value /= 10U;
    } while (value > 0);
    return end;
}

void tr_write_u32(tr_dut *dut, uint32_t value)
{
    char digits[10];
    char *const end = digits + sizeof digits;
    const char *const first = tr_decimal(value, end);

    tr_write_bytes(dut, first, (size_t)(end - first));
}

void tr_write_i32(tr_dut *dut, int32_t value)
{
    if (value < 0) {
        tr_write_char(dut, '-');
    }
    tr_write_u32(dut, value < 0 ? 0U - (uint32_t)value : (uint32_t)value);
}

static void write_hex_digit(tr_dut *dut, uint8_t digit)
{
    tr_write_char(dut, (char)(digit + (digit > 9 ? 'a' - 10 : '0')));
}

void tr_write_hex_byte(tr_dut *dut, uint8_t value)
{
    write_hex_digit(dut, value >> 4);
    write_hex_digit(dut, value & 15);
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

void tr_write_number(tr_dut *dut, const char *prefix, uint32_t value)
{
    tr_write_string(dut, prefix);
    tr_write_u32(dut, value);
}

void tr_write_number_lf(tr_dut *dut, const char *prefix, uint32_t value)
{
    tr_write_number(dut, prefix, value);
    tr_write_char(dut, '\n');
    tr_flush(dut);
}

void tr_write_number_line(tr_dut *dut, const char *prefix, uint32_t value)
{
    tr_write_number(dut, prefix, value);
    tr_end_line(dut);
}

void tr_write_bracketed(tr_dut *dut, const char *prefix, const char *text)
{
    tr_write_string(dut, prefix);
    tr_write_string(dut, text);
    tr_write_line(dut, "]");
}

void tr_write_expecting(tr_dut *dut, uint32_t count)
{
    tr_write_number(dut, "m-[Expecting ", count);
    tr_write_line(dut, " bytes]");
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
        tr_write_number_line(dut, "m-lap-us-", config->micros(config->user));
    } else {
        config->pulse(config->user);
    }
}
