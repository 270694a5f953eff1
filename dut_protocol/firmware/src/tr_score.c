/* SPDX-License-Identifier: Apache-2.0 */
/* A score in decimal, without printf and without floating-point arithmetic (a Cortex-M0 would
 * pull in a library for it): from the bits of an IEEE 754 single, exactly, rounding half to even. */
#include <string.h>

#include "tr_internal.h"

#define LIMBS 8 /* of 16 bits: the largest single is just below 2^128 */

/* `mantissa` times two to the power of `shift`, 0 to 104. Divides 16 bits at a time: 64-bit
 * division is no instruction of these processors, and its routine is large. */
static void put_large(tr_dut *dut, uint32_t mantissa, unsigned shift)
{
    uint16_t limbs[LIMBS] = {0};
    uint64_t placed = (uint64_t)mantissa << (shift % 16u);
    char digits[39];
    size_t at = sizeof digits;
    unsigned i;
    bool more;

    for (i = shift / 16u; placed > 0; placed >>= 16) {
        limbs[i++] = (uint16_t)(placed & 0xFFFFu);
    }
    do {
        uint32_t rest = 0;

        more = false;
        for (i = LIMBS; i-- > 0;) {
            const uint32_t value = (rest << 16) | limbs[i];

            limbs[i] = (uint16_t)(value / 10u);
            rest = value % 10u;
            more = more || limbs[i] > 0;
        }
        digits[--at] = (char)('0' + (char)rest);
    } while (more);
    tr_put_chars(dut, digits + at, sizeof digits - at);
}

static void put_thousandths(tr_dut *dut, uint32_t value)
{
    char text[4];

    text[0] = '.';
    text[1] = (char)('0' + (char)(value / 100u));
    text[2] = (char)('0' + (char)(value / 10u % 10u));
    text[3] = (char)('0' + (char)(value % 10u));
    tr_put_chars(dut, text, sizeof text);
}

/* `mantissa` divided by two to the power of `shift`, 1 to 149. */
static void put_small(tr_dut *dut, uint32_t mantissa, unsigned shift)
{
    uint32_t whole = 0;
    uint32_t thousandths = 0;

    /* 24 bits times 1000, and 35 binary places: less than half of a thousandth. */
    if (shift < 35u) {
        const uint64_t below = ((uint64_t)1 << shift) - 1u;
        const uint64_t half = (uint64_t)1 << (shift - 1u);
        const uint64_t scaled = ((uint64_t)mantissa & below) * 1000u;

        whole = (uint32_t)((uint64_t)mantissa >> shift);
        thousandths = (uint32_t)(scaled >> shift);
        if ((scaled & below) > half || ((scaled & below) == half && (thousandths & 1u) != 0)) {
            thousandths++;
        }
        if (thousandths == 1000u) {
            thousandths = 0;
            whole++;
        }
    }
    tr_put_unsigned(dut, whole);
    put_thousandths(dut, thousandths);
}

void tr_put_score(tr_dut *dut, float score)
{
    uint32_t bits;
    uint32_t exponent;
    uint32_t mantissa;

    memcpy(&bits, &score, sizeof bits);
    exponent = (bits >> 23) & 0xFFu;
    mantissa = bits & 0x7FFFFFu;
    if (exponent == 0xFFu && mantissa != 0) {
        tr_put_text(dut, "nan");
        return;
    }
    if ((bits >> 31) != 0) {
        tr_put_text(dut, "-");
    }
    if (exponent == 0xFFu) {
        tr_put_text(dut, "inf");
        return;
    }
    if (exponent == 0) { /* so small that its first bit is not left out */
        exponent = 1;
    } else {
        mantissa |= 0x800000u;
    }
    if (exponent < 150u) {
        put_small(dut, mantissa, 150u - exponent);
    } else {
        put_large(dut, mantissa, exponent - 150u);
        put_thousandths(dut, 0);
    }
}
