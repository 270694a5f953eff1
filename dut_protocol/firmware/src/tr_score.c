/* SPDX-License-Identifier: Apache-2.0 */
/* A score in decimal, without printf and without floating-point arithmetic (a Cortex-M0 would need
 * a library for it): exactly, from the bits of an IEEE 754 single, rounding half to even. */
#include <string.h>

#include "tr_internal.h"

#define LIMBS 8 /* of 16 bits: the largest single is just below 2^128 */

/* `mantissa` times two to the power of `shift`, 0 to 104. Divides 16 bits at a time: these
 * processors have no 64-bit division, and its routine is large. */
static void write_integer(tr_dut *dut, uint32_t mantissa, unsigned shift)
{
    uint16_t limbs[LIMBS] = {0};
    uint64_t shifted = (uint64_t)mantissa << (shift % 16U);
    char digits[39];
    size_t start = sizeof digits;
    unsigned i;
    bool more;

    for (i = shift / 16U; shifted > 0; shifted >>= 16) {
        limbs[i++] = (uint16_t)(shifted & 0xFFFFU);
    }
    do {
        uint32_t remainder = 0;

        more = false;
        for (i = LIMBS; i-- > 0;) {
            const uint32_t value = (remainder << 16) | limbs[i];

            limbs[i] = (uint16_t)(value / 10U);
            remainder = value % 10U;
            more = more || limbs[i] > 0;
        }
        digits[--start] = (char)('0' + (char)remainder);
    } while (more);
    tr_write_bytes(dut, digits + start, sizeof digits - start);
}

static void write_thousandths(tr_dut *dut, uint32_t value)
{
    char text[4];

    text[0] = '.';
    text[1] = (char)('0' + (char)(value / 100U));
    text[2] = (char)('0' + (char)(value / 10U % 10U));
    text[3] = (char)('0' + (char)(value % 10U));
    tr_write_bytes(dut, text, sizeof text);
}

/* `mantissa` divided by two to the power of `shift`, 1 to 149. */
static void write_fraction(tr_dut *dut, uint32_t mantissa, unsigned shift)
{
    uint32_t integer = 0;
    uint32_t thousandths = 0;

    /* 24 bits times 1000, and 35 binary places: less than half of a thousandth. */
    if (shift < 35U) {
        const uint64_t fraction_mask = ((uint64_t)1 << shift) - 1U;
        const uint64_t half = (uint64_t)1 << (shift - 1U);
        const uint64_t scaled = ((uint64_t)mantissa & fraction_mask) * 1000U;
        const uint64_t fraction = scaled & fraction_mask;

        integer = (uint32_t)((uint64_t)mantissa >> shift);
        thousandths = (uint32_t)(scaled >> shift);
        if (fraction > half || (fraction == half && (thousandths & 1U) != 0)) {
            thousandths++;
        }
        if (thousandths == 1000U) {
            thousandths = 0;
            integer++;
        }
    }
    tr_write_u32(dut, integer);
    write_thousandths(dut, thousandths);
}

void tr_write_score(tr_dut *dut, float score)
{
    uint32_t bits;
    uint32_t exponent;
    uint32_t mantissa;

    memcpy(&bits, &score, sizeof bits);
    exponent = (bits >> 23) & 0xFFU;
    mantissa = bits & 0x7FFFFFU;
    if (exponent == 0xFFU && mantissa != 0) {
        tr_write_string(dut, "nan");
        return;
    }
    if ((bits >> 31) != 0) {
        tr_write_string(dut, "-");
    }
    if (exponent == 0xFFU) {
        tr_write_string(dut, "inf");
        return;
    }
    if (exponent == 0) { /* subnormal: no hidden bit */
        exponent = 1;
    } else {
        mantissa |= 0x800000U;
    }
    if (exponent < 150U) {
        write_fraction(dut, mantissa, 150U - exponent);
    } else {
        write_integer(dut, mantissa, exponent - 150U);
        write_thousandths(dut, 0);
    }
}
