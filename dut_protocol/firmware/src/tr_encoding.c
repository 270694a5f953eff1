/* SPDX-License-Identifier: Apache-2.0 */
/* The encodings of the wire extension: CRC-32 and base64. */
#include "tr_internal.h"

#if TR_WIRE_EXTENSION

/* ---- CRC-32 ---- */

/* Polynomial 04C11DB7, reflected, start and final exclusive-or FFFFFFFF. Four bits a step: a table
 * of 64 bytes, and fast enough for a megabit a second on a Cortex-M0. Entry i is the CRC of the
 * four bits i, by the reversed polynomial EDB88320. */
static const uint32_t table[16] = {
    0x00000000U, 0x1DB71064U, 0x3B6E20C8U, 0x26D930ACU, 0x76DC4190U, 0x6B6B51F4U,
    0x4DB26158U, 0x5005713CU, 0xEDB88320U, 0xF00F9344U, 0xD6D6A3E8U, 0xCB61B38CU,
    0x9B64C2B0U, 0x86D3D2D4U, 0xA00AE278U, 0xBDBDF21CU,
};

uint32_t tr_crc32(uint32_t crc, const uint8_t *bytes, size_t count)
{
    crc = ~crc;
    while (count-- > 0) {
        crc ^= *bytes++;
        crc = (crc >> 4) ^ table[crc & 15U];
        crc = (crc >> 4) ^ table[crc & 15U];
    }
    return ~crc;
}

/* ---- base64 of RFC 4648, with `+`, `/` and `=` ---- */

#define INVALID_DIGIT 64U

static uint32_t digit_value(char digit)
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
    return digit == '/' ? 63 : INVALID_DIGIT;
}

/* Three bytes are written where four characters were read, so none is overwritten unread. */
bool tr_base64_decode(char *text, size_t *count)
{
    size_t digits = *count;
    size_t decoded = 0;
    uint32_t bits = 0;

    if (digits % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < 2 && digits > 0 && text[digits - 1] == '='; i++) {
        digits--;
    }
    for (size_t i = 0; i < digits; i++) {
        const uint32_t value = digit_value(text[i]);

        if (value == INVALID_DIGIT) {
            return false;
        }
        bits = bits << 6 | value;
        if (i % 4 != 0) { /* after 12, 18 and 24 bits of a group one more byte is complete */
            text[decoded++] = (char)(uint8_t)(bits >> (6U - 2U * (i % 4)) & 0xFFU);
        }
    }
    *count = decoded;
    return true;
}

#endif
