/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of a command, and the numbers in them. */
#include <string.h>

#include "tr_internal.h"

bool tr_next_token(tr_arguments *arguments)
{
    for (; arguments->rest < arguments->end && *arguments->rest == ' '; arguments->rest++) {
    }
    arguments->token = arguments->rest;
    for (; arguments->rest < arguments->end && *arguments->rest != ' '; arguments->rest++) {
    }
    arguments->token_bytes = (size_t)(arguments->rest - arguments->token);
    return arguments->token_bytes > 0;
}

unsigned tr_next_word(tr_arguments *arguments, const char *words)
{
    unsigned place = 0;

    (void)tr_next_token(arguments);
    for (; *words != '\0'; place++, words++) {
        const char *const word = words;

        while (*words != ' ') {
            words++;
        }
        if (arguments->token_bytes == (size_t)(words - word) &&
            memcmp(arguments->token, word, arguments->token_bytes) == 0) {
            break;
        }
    }
    return place;
}

int32_t tr_next_number(tr_arguments *arguments, int32_t without)
{
    const char *next;
    bool is_negative;
    uint32_t magnitude = 0;

    if (!tr_next_token(arguments)) {
        return without;
    }
    next = arguments->token;
    is_negative = *next == '-';
    if (is_negative || *next == '+') {
        next++;
    }
    if (next == arguments->rest) {
        return TR_NO_NUMBER;
    }
    for (; next < arguments->rest; next++) {
        const unsigned digit = (unsigned)*next - '0';

        if (digit > 9) {
            return TR_NO_NUMBER;
        }
        /* Nothing wraps: ten times what is below 2^28 is below 2^32, and more is too large. */
        magnitude = magnitude < 1U << 28 ? 10U * magnitude + digit : INT32_MAX;
    }
    if (magnitude > INT32_MAX) {
        magnitude = INT32_MAX;
    }
    return is_negative ? -(int32_t)magnitude : (int32_t)magnitude;
}

unsigned tr_hex_digit_value(char digit)
{
    const unsigned value = (unsigned)digit - '0';
    const unsigned letter = (unsigned)(digit | 0x20) - 'a'; /* a capital's small one */

    if (value < 10) {
        return value;
    }
    return letter < 6 ? letter + 10 : 16;
}
