/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 of RFC 4648, with `+`, `/` and `=`. */
#include "tr_internal.h"

#if TR_WIRE_EXTENSION

#define NO_DIGIT 64u

static uint32_t value_of(char digit)
{
    if (digit >= 'A' && digit <= 'Z') {
        return (uint32_t)(digit - 'A');
    }
    if (digit >= 'a' && digit <= 'z') {
        return (uint32_t)(digit - 'a' + 26);
    }
    if (digit >= '0' && digit <= '9') {
        return (uint32_t)(digit - '0' + 52);
    }
    if (digit == '+') {
        return 62;
    }
    return digit == '/' ? 63 : NO_DIGIT;
}

/* Three bytes are written where four characters were read, so none is overwritten unread. */
bool tr_decode_base64(char *text, size_t *count)
{
    size_t digits = *count;
    size_t written = 0;
    uint32_t bits = 0;
    size_t i;

    if (digits % 4 != 0) {
        return false;
    }
    for (i = 0; i < 2 && digits > 0 && text[digits - 1] == '='; i++) {
        digits--;
    }
    for (i = 0; i < digits; i++) {
        const uint32_t value = value_of(text[i]);

        if (value == NO_DIGIT) {
            return false;
        }
        bits = bits << 6 | value;
        if (i % 4 != 0) { /* 6, 12, 18, 24 bits are there: the second digit completes a byte */
            text[written++] = (char)(uint8_t)(bits >> (6u - 2u * (i % 4)) & 0xFFu);
        }
    }
    *count = written;
    return true;
}

#else
typedef int tr_no_base64; /* C99 wants something in a file */
#endif
