/* SPDX-License-Identifier: Apache-2.0 */
/* The wire extension x-tinyrunner-1: loads of 8-bit or base64 blocks, each with its CRC-32, and of
 * the whole input. Its text is in dut_protocol/wire/extension.py.
 *
 * Bytes go straight to their place in the input buffer; a block or an input whose CRC is another
 * one voids the load, so what was stored is never taken for an input. */
#include "tr_internal.h"

#if TR_WIRE_EXTENSION

#include <string.h>

#define CRC_BYTES 4u
#define TIMEOUT_US ((uint32_t)TR_BIN_TIMEOUT_MS * 1000u)

void tr_extension_offer(tr_dut *dut)
{
    tr_put_text(dut, "x-tinyrunner-1 bin=");
    tr_put_unsigned(dut, TR_BIN_BLOCK_BYTES);
    tr_say_number(dut, " b64 shift timeout-ms=", TR_BIN_TIMEOUT_MS, "");
}

static uint32_t now_us(const tr_dut *dut)
{
    return dut->config->micros(dut->config->user);
}

/* The reply's last line. The device's own time-out counts from here. */
static void ready(tr_dut *dut)
{
    tr_say_ready(dut);
    dut->extended.since_us = now_us(dut);
}

/* An error outside of a load leaves the buffer as it is; in one it voids the load. */
static void fail(tr_dut *dut, const char *why)
{
    const uint8_t state = dut->extended.state;

    if (state != TR_EXTENDED_NONE) {
        tr_void_load(dut);
        dut->extended.state = state == TR_EXTENDED_B64 ? TR_EXTENDED_NONE : TR_EXTENDED_DEAF;
    }
    tr_put_text(dut, "e-[xdb: ");
    tr_put_text(dut, why);
    tr_say(dut, "]");
    ready(dut);
}

static void begin_block(tr_dut *dut)
{
    const uint32_t left = dut->expected - dut->received;

    dut->extended.block_bytes = left < TR_BIN_BLOCK_BYTES ? left : TR_BIN_BLOCK_BYTES;
    dut->extended.crc_bytes = CRC_BYTES;
    dut->extended.block_crc = 0;
}

/* A block is stored and as it was sent. */
static void end_block(tr_dut *dut)
{
    if (dut->received == dut->expected) {
        if (tr_crc32(0, dut->config->input, dut->expected) != dut->extended.crc) {
            fail(dut, "the input's CRC is another one");
            return;
        }
        dut->extended.state = TR_EXTENDED_NONE;
        tr_say(dut, "m-load-done");
    }
    begin_block(dut);
    ready(dut);
}

/* ---- commands ---- */

static bool parse_crc(tr_text word, uint32_t *crc)
{
    size_t i;

    *crc = 0;
    for (i = 0; i < word.count; i++) {
        const uint8_t value = tr_hex_value(word.start[i]);

        if (value > 15) {
            return false;
        }
        *crc = *crc << 4 | value;
    }
    return word.count == 8;
}

/* What `xdb` asks for. */
typedef struct beginning {
    uint32_t count;
    uint32_t crc;
    uint8_t state;
    bool shift;
} beginning;

static bool parse_beginning(tr_text arguments, beginning *begin)
{
    tr_text what;
    tr_text count;
    tr_text crc;
    tr_text encoding;
    tr_text more;
    int32_t number;

    /* A word that is not there is empty, and none of these. */
    (void)tr_next_word(&arguments, &what);
    (void)tr_next_word(&arguments, &count);
    (void)tr_next_word(&arguments, &crc);
    (void)tr_next_word(&arguments, &encoding);
    begin->shift = tr_is(what, "shift");
    begin->state = tr_is(encoding, "bin") ? TR_EXTENDED_BIN : TR_EXTENDED_B64;
    if (!begin->shift && !tr_is(what, "load")) {
        return false;
    }
    if (begin->state == TR_EXTENDED_B64 && !tr_is(encoding, "b64")) {
        return false;
    }
    if (!tr_parse_number(count, &number) || number <= 0 || !parse_crc(crc, &begin->crc)) {
        return false;
    }
    begin->count = (uint32_t)number;
    return !tr_next_word(&arguments, &more);
}

static void xdb(tr_dut *dut, tr_text arguments)
{
    uint8_t *const input = dut->config->input;
    beginning begin;

    if (dut->extended.state != TR_EXTENDED_NONE) {
        fail(dut, "before the last block");
        return;
    }
    if (!parse_beginning(arguments, &begin)) {
        fail(dut, "expected `xdb load|shift COUNT CRC bin|b64`");
        return;
    }
    if (!begin.shift) {
        if (begin.count > dut->config->input_capacity) {
            fail(dut, "too many bytes");
            return;
        }
        dut->expected = begin.count;
        dut->received = 0;
    } else { /* where nothing was loaded, 0 bytes are expected, and count is not below that */
        if (dut->received != dut->expected || begin.count >= dut->expected) {
            fail(dut, "no complete load to shift");
            return;
        }
        dut->received = dut->expected - begin.count;
        memmove(input, input + begin.count, dut->received);
    }
    dut->extended.crc = begin.crc;
    dut->extended.state = begin.state;
    begin_block(dut);
    tr_say_number(dut, "m-[Expecting ", begin.count, " bytes]");
    ready(dut);
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void b64_block(tr_dut *dut, char *text, size_t count)
{
    const uint8_t *const bytes = (const uint8_t *)text;

    if (!tr_decode_base64(text, &count)) {
        fail(dut, "no base64");
        return;
    }
    if (dut->extended.state != TR_EXTENDED_B64) {
        fail(dut, "no b64 load in progress");
        return;
    }
    if (count <= CRC_BYTES ||
        tr_crc32(0, bytes, count - CRC_BYTES) != big_endian(bytes + count - CRC_BYTES)) {
        fail(dut, "block damaged");
        return;
    }
    count -= CRC_BYTES;
    if (count > dut->expected - dut->received) {
        fail(dut, "more bytes than expected");
        return;
    }
    memcpy(dut->config->input + dut->received, bytes, count);
    dut->received += (uint32_t)count;
    end_block(dut);
}

bool tr_extension_command(tr_dut *dut, char *command, size_t count)
{
    tr_text rest = {command, count};
    tr_text word;

    if (count == 0 || *command == ' ') {
        return false;
    }
    (void)tr_next_word(&rest, &word);
    if (tr_is(word, "xdb")) {
        xdb(dut, rest);
        return true;
    }
    if (tr_is(word, "xd")) {
        const size_t before = rest.count > 0 ? 3 : 2; /* the one space too */

        b64_block(dut, command + before, count - before);
        return true;
    }
    return false;
}

/* ---- 8-bit blocks ---- */

static void bin_byte(tr_dut *dut, uint8_t byte)
{
    tr_extended_load *const extended = &dut->extended;

    if (extended->block_bytes > 0) {
        dut->config->input[dut->received++] = byte;
        extended->block_crc = tr_crc32(extended->block_crc, &byte, 1);
        extended->block_bytes--;
        return;
    }
    extended->sent_crc = extended->sent_crc << 8 | byte;
    if (--extended->crc_bytes > 0) {
        return;
    }
    if (extended->sent_crc != extended->block_crc) {
        fail(dut, "block damaged");
        return;
    }
    end_block(dut);
}

void tr_extension_poll(tr_dut *dut)
{
    tr_extended_load *const extended = &dut->extended;
    const uint32_t now = now_us(dut);
    bool taken = false;
    uint8_t byte;

    /* The time of looking stands for that of coming: a late look makes the time-out longer. */
    while (extended->state == TR_EXTENDED_DEAF && tr_ring_take(dut, &byte)) {
        extended->since_us = now;
        taken = true;
    }
    while (extended->state == TR_EXTENDED_BIN && tr_ring_take(dut, &byte)) {
        extended->since_us = now;
        taken = true;
        bin_byte(dut, byte);
    }
    if (taken || now - extended->since_us < TIMEOUT_US) {
        return;
    }
    if (extended->state == TR_EXTENDED_DEAF) {
        extended->state = TR_EXTENDED_NONE;
    } else {
        fail(dut, "no byte in time, load dropped");
    }
}

void tr_extension_overflow(tr_dut *dut)
{
    if (dut->extended.state == TR_EXTENDED_DEAF) { /* which says nothing of what it drops */
        dut->extended.since_us = now_us(dut);
    } else {
        fail(dut, "receive buffer overflow, load dropped");
    }
}

#else
typedef int tr_no_extension; /* C99 wants something in a file */
#endif
