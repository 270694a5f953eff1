/* SPDX-License-Identifier: Apache-2.0 */
/* What the device says, collected into lines. */
#include <string.h>

#include "tr_internal.h"

void tr_flush(tr_dut *dut)
{
    if (dut->line_bytes > 0) {
        dut->config->put(dut->config->user, dut->line, dut->line_bytes);
        dut->line_bytes = 0;
    }
}

void tr_put_chars(tr_dut *dut, const char *chars, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        dut->line[dut->line_bytes++] = chars[i];
        if (dut->line_bytes == TR_LINE_BYTES) {
            tr_flush(dut);
        }
    }
}

void tr_put_text(tr_dut *dut, const char *text)
{
    tr_put_chars(dut, text, strlen(text));
}

void tr_put_unsigned(tr_dut *dut, uint32_t value)
{
    char digits[10];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + (char)(value % 10u));
        value /= 10u;
    } while (value > 0);
    tr_put_chars(dut, digits + at, sizeof digits - at);
}

void tr_put_signed(tr_dut *dut, int32_t value)
{
    if (value < 0) {
        tr_put_text(dut, "-");
    }
    tr_put_unsigned(dut, value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void tr_put_hex_byte(tr_dut *dut, uint8_t value)
{
    static const char digits[] = "0123456789abcdef";

    tr_put_chars(dut, &digits[value >> 4], 1);
    tr_put_chars(dut, &digits[value & 15], 1);
}

void tr_end_line(tr_dut *dut)
{
    tr_put_text(dut, "\r\n");
    tr_flush(dut);
}

void tr_say(tr_dut *dut, const char *text)
{
    tr_put_text(dut, text);
    tr_end_line(dut);
}

void tr_say_number(tr_dut *dut, const char *before, uint32_t value, const char *after)
{
    tr_put_text(dut, before);
    tr_put_unsigned(dut, value);
    tr_say(dut, after);
}

void tr_say_error_about(tr_dut *dut, const char *text, tr_text word, const char *after)
{
    tr_put_text(dut, "e-[");
    tr_put_text(dut, text);
    tr_put_chars(dut, word.start, word.count);
    tr_put_text(dut, after);
    tr_say(dut, "]");
}

void tr_say_error(tr_dut *dut, const char *text)
{
    const tr_text none = {"", 0};

    tr_say_error_about(dut, text, none, "");
}

void tr_say_ready(tr_dut *dut)
{
    tr_say(dut, "m-ready");
}
