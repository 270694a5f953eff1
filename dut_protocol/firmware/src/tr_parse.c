/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of a command, and the numbers in them. */
#include <string.h>

#include "tr_internal.h"

bool tr_next_token(tr_span *arguments, tr_span *token)
{
    while (arguments->count > 0 && *arguments->chars == ' ') {
        arguments->chars++;
        arguments->count--;
    }
    token->chars = arguments->chars;
    while (arguments->count > 0 && *arguments->chars != ' ') {
        arguments->chars++;
        arguments->count--;
    }
    token->count = (size_t)(arguments->chars - token->chars);
    return token->count > 0;
}

unsigned tr_find(tr_span token, const char *words)
{
    unsigned place = 0;

    for (; *words != '\0'; place++, words++) {
        const char *const word = words;

        while (*words != ' ') {
            words++;
        }
        if (token.count == (size_t)(words - word) && memcmp(token.chars, word, token.count) == 0) {
            break;
        }
    }
    return place;
}

bool tr_parse_int32(tr_span token, int32_t *value)
{
    const bool has_sign = token.count > 0 && (*token.chars == '-' || *token.chars == '+');
    const size_t first_digit = has_sign ? 1 : 0;
    int32_t magnitude = 0;

    if (first_digit == token.count) {
        return false;
    }
    for (size_t i = first_digit; i < token.count; i++) {
        const int digit = token.chars[i] - '0';

        if (digit < 0 || digit > 9) {
            return false;
        }
        if (magnitude > (INT32_MAX - digit) / 10) {
            magnitude = INT32_MAX;
        } else {
            magnitude = magnitude * 10 + digit;
        }
    }
    *value = has_sign && *token.chars == '-' ? -magnitude : magnitude;
    return true;
}

uint8_t tr_hex_digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (uint8_t)(digit - '0');
    }
    digit = (char)(digit | 0x20); /* a capital's small letter */
    return digit >= 'a' && digit <= 'f' ? (uint8_t)(digit - 'a' + 10) : 16;
}
