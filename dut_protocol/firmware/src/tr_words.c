/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a command into words, and reading numbers. */
#include <string.h>

#include "tr_internal.h"

bool tr_next_word(tr_text *rest, tr_text *word)
{
    while (rest->count > 0 && *rest->start == ' ') {
        rest->start++;
        rest->count--;
    }
    word->start = rest->start;
    while (rest->count > 0 && *rest->start != ' ') {
        rest->start++;
        rest->count--;
    }
    word->count = (size_t)(rest->start - word->start);
    return word->count > 0;
}

bool tr_is(tr_text word, const char *text)
{
    return word.count == strlen(text) && memcmp(word.start, text, word.count) == 0;
}

bool tr_parse_number(tr_text word, int32_t *value)
{
    const bool has_sign = word.count > 0 && (*word.start == '-' || *word.start == '+');
    size_t i = has_sign ? 1 : 0;
    int32_t number = 0;

    if (i == word.count) {
        return false;
    }
    for (; i < word.count; i++) {
        const int digit = word.start[i] - '0';

        if (digit < 0 || digit > 9) {
            return false;
        }
        if (number > (INT32_MAX - digit) / 10) {
            number = INT32_MAX;
        } else {
            number = number * 10 + digit;
        }
    }
    *value = has_sign && *word.start == '-' ? -number : number;
    return true;
}

uint8_t tr_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (uint8_t)(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return (uint8_t)(digit - 'a' + 10);
    }
    if (digit >= 'A' && digit <= 'F') {
        return (uint8_t)(digit - 'A' + 10);
    }
    return 16;
}
