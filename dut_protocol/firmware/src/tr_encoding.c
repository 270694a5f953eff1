/* SPDX-License-Identifier: Apache-2.0 */
/* The encodings of the wire extension: CRC-32 and base64. */
#include "tr_internal.h"

#if TR_WIRE_EXTENSION

/* ---- CRC-32 ---- */

/* Polynomial 04C11DB7, reflected, start and final exclusive-or FFFFFFFF. What a step shifts out
 * comes back as its own CRC: the sum of those of its single bits, each by the reversed EDB88320. */
#define BIT(value, bit, crc) (((value) >> (bit)&1U) * (crc))
#define HIGH_BITS(value)                                                                    \
    (BIT(value, 0, 0x1DB71064U) ^ BIT(value, 1, 0x3B6E20C8U) ^ BIT(value, 2, 0x76DC4190U) ^ \
     BIT(value, 3, 0xEDB88320U))
#define LOW_BITS(value)                                                                     \
    (BIT(value, 0, 0x77073096U) ^ BIT(value, 1, 0xEE0E612CU) ^ BIT(value, 2, 0x076DC419U) ^ \
     BIT(value, 3, 0x0EDB8832U))
#define FOUR(of, n) of(n), of((n) + 1U), of((n) + 2U), of((n) + 3U)
#define SIXTEEN(of, n) FOUR(of, n), FOUR(of, (n) + 4U), FOUR(of, (n) + 8U), FOUR(of, (n) + 12U)

#if TR_CRC_TABLE_ENTRIES == 256
#define OF_BYTE(n) (LOW_BITS(n) ^ HIGH_BITS((n) >> 4))
#define OF_64_BYTES(n)                                                             \
    SIXTEEN(OF_BYTE, n), SIXTEEN(OF_BYTE, (n) + 16U), SIXTEEN(OF_BYTE, (n) + 32U), \
        SIXTEEN(OF_BYTE, (n) + 48U)
static const uint32_t table[256] = {OF_64_BYTES(0U), OF_64_BYTES(64U), OF_64_BYTES(128U),
                                    OF_64_BYTES(192U)};
#elif TR_CRC_TABLE_ENTRIES == 16
static const uint32_t table[16] = {SIXTEEN(HIGH_BITS, 0U)};
#endif

uint32_t tr_crc32(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xFFFFFFFFU;

    while (count-- > 0) {
        crc ^= *bytes++;
#if TR_CRC_TABLE_ENTRIES == 256
        crc = (crc >> 8) ^ table[crc & 255U];
#elif TR_CRC_TABLE_ENTRIES == 16
        crc = (crc >> 4) ^ table[crc & 15U];
        crc = (crc >> 4) ^ table[crc & 15U];
#else
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320U & (0U - (crc & 1U)));
        }
#endif
    }
    return ~crc;
}

/* ---- base64 of RFC 4648, with `+`, `/` and `=` ---- */

#define INVALID_DIGIT 64U

static uint32_t digit_value(char digit)
{
    const unsigned letter = (unsigned)(digit | 0x20) - 'a'; /* a capital's small letter */

    if (letter < 26) {
        return letter + ((digit & 0x20) != 0 ? 26U : 0U);
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
size_t tr_base64_decode(char *text, size_t count)
{
    size_t digits = count;
    size_t decoded = 0;
    uint32_t bits = 0;

    if (count == 0 || count % 4 != 0) {
        return 0;
    }
    while (digits > count - 2 && text[digits - 1] == '=') {
        digits--;
    }
    for (size_t i = 0; i < digits; i++) {
        const uint32_t value = digit_value(text[i]);

        if (value == INVALID_DIGIT) {
            return 0;
        }
        bits = bits << 6 | value;
        if (i % 4 != 0) { /* after 12, 18 and 24 bits of a group one more byte is complete */
            text[decoded++] = (char)(uint8_t)(bits >> (6U - 2U * (i % 4)) & 0xFFU);
        }
    }
    return decoded;
}

#endif
