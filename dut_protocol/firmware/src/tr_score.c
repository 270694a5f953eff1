/* SPDX-License-Identifier: Apache-2.0 */
/* A score in decimal, without printf and without floating-point arithmetic (a Cortex-M0 would need
 * a library for it): exactly, from the bits of an IEEE 754 single, rounding half to even.
 *
 * The digits are doubled or halved as often as the exponent says. For a score between 0 and 1 that
 * is some thousand cycles, less time than its six characters take on a wire of 115200 baud, and
 * less code than dividing large numbers. */
#include <string.h>

#include "tr_internal.h"

#define INTEGER_DIGITS 39 /* the largest single is just below 2^128 */
#define DIGITS (INTEGER_DIGITS + 3)
#define FIRST_DIGIT (INTEGER_DIGITS - 8) /* of a mantissa of 24 bits */
#define EXPONENT_OF_ONE 150U             /* biased, of a mantissa taken for an integer */
#define LEAST_EXPONENT 110U /* 2^34 / 2^40: below half a thousandth, as all before it */

static void double_digits(uint8_t *digits)
{
    unsigned carry = 0;

    for (unsigned i = DIGITS; i-- > 0;) {
        const unsigned doubled = 2U * digits[i] + carry;

        carry = doubled > 9U ? 1 : 0;
        digits[i] = (uint8_t)(doubled - 10U * carry);
    }
}

/* Returns what is left: 1 for a half. */
static unsigned halve_digits(uint8_t *digits)
{
    unsigned carry = 0;

    for (unsigned i = FIRST_DIGIT; i < DIGITS; i++) {
        const unsigned value = 10U * carry + digits[i];

        digits[i] = (uint8_t)(value / 2U);
        carry = value % 2U;
    }
    return carry;
}

/* `mantissa` times two to the power of `exponent`, which is biased, in thousandths. */
static void to_digits(uint32_t mantissa, unsigned exponent, uint8_t *digits)
{
    unsigned half = 0;
    unsigned less = 0; /* whether anything below the half is left */

    memset(digits, 0, DIGITS);
    for (unsigned i = INTEGER_DIGITS; mantissa > 0; mantissa /= 10U) {
        digits[--i] = (uint8_t)(mantissa % 10U);
    }
    for (; exponent > EXPONENT_OF_ONE; exponent--) {
        double_digits(digits);
    }
    for (; exponent < EXPONENT_OF_ONE; exponent++) {
        less |= half;
        half = halve_digits(digits);
    }
    if ((half & (less | digits[DIGITS - 1])) != 0) {
        for (unsigned i = DIGITS - 1; ++digits[i] > 9; i--) {
            digits[i] = 0;
        }
    }
}

static void write_digits(tr_dut *dut, const uint8_t *digits)
{
    unsigned i = 0;

    while (i < INTEGER_DIGITS - 1 && digits[i] == 0) {
        i++;
    }
    for (; i < DIGITS; i++) {
        const char digit = (char)('0' + (char)digits[i]);

        if (i == INTEGER_DIGITS) {
            tr_write_string(dut, ".");
        }
        tr_write_bytes(dut, &digit, 1);
    }
}

void tr_write_score(tr_dut *dut, float score)
{
    uint8_t digits[DIGITS];
    uint32_t bits;
    unsigned exponent;
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
    if (exponent < LEAST_EXPONENT) { /* subnormals, which have no hidden bit, among them */
        exponent = LEAST_EXPONENT;
    }
    to_digits(mantissa | 0x800000U, exponent, digits);
    write_digits(dut, digits);
}
