/* SPDX-License-Identifier: Apache-2.0 */
/* A score in decimal, without printf and without floating-point arithmetic (a Cortex-M0 would need
 * a library for it): exactly, from the bits of an IEEE 754 single, rounding half to even.
 *
 * In thousandths a single is an integer of 31 bits, 125 times its mantissa, times a power of two. A
 * negative power shifts the integer, which is then rounded; a positive one doubles its digits as
 * often, which is less code than dividing large numbers. */
#include <string.h>

#include "tr_internal.h"

#define DIGITS 42                /* the largest single is just below 2^128, and three behind it */
#define POINT (DIGITS - 3)       /* the first digit behind the decimal point */
#define EXPONENT_OF_INTEGER 147U /* biased, of 125 times the mantissa, taken for an integer */
#define INFINITE_EXPONENT 0xFFU  /* and of what is no number */

static void double_digits(char *digits)
{
    int carry = 0;

    for (unsigned i = DIGITS; i-- > 0;) {
        const int doubled = 2 * (digits[i] - '0') + carry;

        carry = doubled > 9 ? 1 : 0;
        digits[i] = (char)(doubled - 10 * carry + '0');
    }
}

/* `value` divided by two to the power of `halvings`, rounded. */
static uint32_t halve(uint32_t value, unsigned halvings)
{
    uint32_t half = 0; /* whether a half is left */
    uint32_t less = 0; /* and anything below it */

    for (; halvings > 0; halvings--) {
        less |= half;
        half = value & 1U;
        value >>= 1;
    }
    return value + (half & (less | value));
}

static void write_magnitude(tr_dut *dut, uint32_t mantissa, unsigned exponent)
{
    char digits[DIGITS];
    uint32_t thousandths = 125U * mantissa;
    unsigned first = 0;

    if (exponent < EXPONENT_OF_INTEGER) {
        thousandths = halve(thousandths, EXPONENT_OF_INTEGER - exponent);
    }
    memset(digits, '0', sizeof digits);
    (void)tr_decimal(thousandths, digits + DIGITS);
    for (; exponent > EXPONENT_OF_INTEGER; exponent--) {
        double_digits(digits);
    }
    while (first < POINT - 1 && digits[first] == '0') {
        first++;
    }
    tr_write_bytes(dut, digits + first, POINT - first);
    tr_write_char(dut, '.');
    tr_write_bytes(dut, digits + POINT, DIGITS - POINT);
}

void tr_write_score(tr_dut *dut, float score)
{
    uint32_t bits;
    unsigned exponent;
    uint32_t mantissa;

    memcpy(&bits, &score, sizeof bits);
    exponent = (bits >> 23) & 0xFFU;
    mantissa = bits & 0x7FFFFFU;
    if (exponent == INFINITE_EXPONENT && mantissa != 0) {
        tr_write_string(dut, "nan");
        return;
    }
    if ((bits >> 31) != 0) {
        tr_write_char(dut, '-');
    }
    if (exponent == INFINITE_EXPONENT) {
        tr_write_string(dut, "inf");
        return;
    }
    /* A subnormal has no hidden bit, and is 0 with it as well. */
    write_magnitude(dut, mantissa | 0x800000U, exponent);
}
