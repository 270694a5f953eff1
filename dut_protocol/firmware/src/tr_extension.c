/* SPDX-License-Identifier: Apache-2.0 */
/* The wire extension x-tinyrunner-1: loads in 8-bit or base64 blocks with a CRC-32 each, and one
 * over the whole input. Its specification is dut_protocol/wire/extension.py.
 *
 * Bytes are stored at their place in the input buffer as they come; a CRC that does not match
 * discards the load, so damaged data is never taken for an input. */
#include "tr_internal.h"

#if TR_WIRE_EXTENSION

#include <string.h>

#define CRC_BYTES 4U
#define TIMEOUT_US ((uint32_t)TR_BIN_TIMEOUT_MS * 1000U)

void tr_extension_write_offer(tr_dut *dut)
{
    tr_write_string(dut, "x-tinyrunner-1 bin=");
    tr_write_u32(dut, TR_BIN_BLOCK_BYTES);
    tr_write_number_line(dut, " b64 shift timeout-ms=", TR_BIN_TIMEOUT_MS, "");
}

static uint32_t now_us(const tr_dut *dut)
{
    return dut->config->micros(dut->config->user);
}

/* The reply's last line. The device's time-out counts from here. */
static void end_reply(tr_dut *dut)
{
    tr_write_ready(dut);
    dut->extended.last_activity_us = now_us(dut);
}

/* An error during a load discards it; otherwise the buffer stays as it is. */
static void fail(tr_dut *dut, const char *reason)
{
    const uint8_t state = dut->extended.state;
    const tr_span empty = {NULL, 0};

    if (state != TR_EXTENDED_IDLE) {
        tr_discard_load(dut);
        dut->extended.state = state == TR_EXTENDED_B64 ? TR_EXTENDED_IDLE : TR_EXTENDED_DISCARD;
    }
    tr_write_error_token(dut, "xdb: ", empty, reason);
    end_reply(dut);
}

static void begin_block(tr_dut *dut)
{
    const uint32_t left = dut->expected - dut->received;

    dut->extended.block_bytes_left = left < TR_BIN_BLOCK_BYTES ? left : TR_BIN_BLOCK_BYTES;
    dut->extended.crc_bytes_left = CRC_BYTES;
    dut->extended.block_crc = 0;
}

/* A block is stored, and its CRC matches. */
static void end_block(tr_dut *dut)
{
    if (dut->received == dut->expected) {
        if (tr_crc32(0, dut->config->input, dut->expected) != dut->extended.input_crc) {
            fail(dut, "the input's CRC is another one");
            return;
        }
        dut->extended.state = TR_EXTENDED_IDLE;
        tr_write_line(dut, "m-load-done");
    }
    begin_block(dut);
    end_reply(dut);
}

/* ---- commands ---- */

static bool parse_crc(tr_span token, uint32_t *crc)
{
    *crc = 0;
    for (size_t i = 0; i < token.count; i++) {
        const uint8_t value = tr_hex_digit_value(token.chars[i]);

        if (value > 15) {
            return false;
        }
        *crc = *crc << 4 | value;
    }
    return token.count == 8;
}

/* The arguments of `xdb`. */
typedef struct load_request {
    uint32_t count;
    uint32_t crc;
    uint8_t state;
    bool shift;
} load_request;

static bool parse_load_request(tr_span arguments, load_request *request)
{
    tr_span operation;
    tr_span count;
    tr_span crc;
    tr_span encoding;
    tr_span extra;
    int32_t number;

    /* A missing token is empty, and equals none of the texts below. */
    (void)tr_next_token(&arguments, &operation);
    (void)tr_next_token(&arguments, &count);
    (void)tr_next_token(&arguments, &crc);
    (void)tr_next_token(&arguments, &encoding);
    request->shift = tr_equals(operation, "shift");
    request->state = tr_equals(encoding, "bin") ? TR_EXTENDED_BIN : TR_EXTENDED_B64;
    if (!request->shift && !tr_equals(operation, "load")) {
        return false;
    }
    if (request->state == TR_EXTENDED_B64 && !tr_equals(encoding, "b64")) {
        return false;
    }
    if (!tr_parse_int32(count, &number) || number <= 0 || !parse_crc(crc, &request->crc)) {
        return false;
    }
    request->count = (uint32_t)number;
    return !tr_next_token(&arguments, &extra);
}

static void begin_load(tr_dut *dut, tr_span arguments)
{
    uint8_t *const input = dut->config->input;
    load_request request;

    if (dut->extended.state != TR_EXTENDED_IDLE) {
        fail(dut, "before the last block");
        return;
    }
    if (!parse_load_request(arguments, &request)) {
        fail(dut, "expected `xdb load|shift COUNT CRC bin|b64`");
        return;
    }
    if (!request.shift) {
        if (request.count > dut->config->input_capacity) {
            fail(dut, "too many bytes");
            return;
        }
        dut->expected = request.count;
        dut->received = 0;
    } else { /* without a load before, 0 bytes are expected, and count is not below that */
        if (dut->received != dut->expected || request.count >= dut->expected) {
            fail(dut, "no complete load to shift");
            return;
        }
        dut->received = dut->expected - request.count;
        memmove(input, input + request.count, dut->received);
    }
    dut->extended.input_crc = request.crc;
    dut->extended.state = request.state;
    begin_block(dut);
    tr_write_number_line(dut, "m-[Expecting ", request.count, " bytes]");
    end_reply(dut);
}

static uint32_t read_u32_be(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_b64_block(tr_dut *dut, char *text, size_t count)
{
    const uint8_t *const bytes = (const uint8_t *)text;

    if (!tr_base64_decode(text, &count)) {
        fail(dut, "no base64");
        return;
    }
    if (dut->extended.state != TR_EXTENDED_B64) {
        fail(dut, "no b64 load in progress");
        return;
    }
    if (count <= CRC_BYTES ||
        tr_crc32(0, bytes, count - CRC_BYTES) != read_u32_be(bytes + count - CRC_BYTES)) {
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

bool tr_extension_execute(tr_dut *dut, char *command, size_t count)
{
    tr_span arguments = {command, count};
    tr_span name;

    if (count == 0 || *command == ' ') {
        return false;
    }
    (void)tr_next_token(&arguments, &name);
    if (tr_equals(name, "xdb")) {
        begin_load(dut, arguments);
        return true;
    }
    if (tr_equals(name, "xd")) {
        const size_t name_bytes = arguments.count > 0 ? 3 : 2; /* with the one space */

        store_b64_block(dut, command + name_bytes, count - name_bytes);
        return true;
    }
    return false;
}

/* ---- 8-bit blocks ---- */

static void store_bin_byte(tr_dut *dut, uint8_t byte)
{
    tr_extended_load *const extended = &dut->extended;

    if (extended->block_bytes_left > 0) {
        dut->config->input[dut->received++] = byte;
        extended->block_crc = tr_crc32(extended->block_crc, &byte, 1);
        extended->block_bytes_left--;
        return;
    }
    extended->received_crc = extended->received_crc << 8 | byte;
    if (--extended->crc_bytes_left > 0) {
        return;
    }
    if (extended->received_crc != extended->block_crc) {
        fail(dut, "block damaged");
        return;
    }
    end_block(dut);
}

void tr_extension_poll(tr_dut *dut)
{
    tr_extended_load *const extended = &dut->extended;
    const uint32_t now = now_us(dut);
    bool received = false;
    uint8_t byte;

    /* The time of this poll stands for the time of arrival: a late poll lengthens the time-out. */
    while (extended->state == TR_EXTENDED_DISCARD && tr_ring_pop(dut, &byte)) {
        extended->last_activity_us = now;
        received = true;
    }
    while (extended->state == TR_EXTENDED_BIN && tr_ring_pop(dut, &byte)) {
        extended->last_activity_us = now;
        received = true;
        store_bin_byte(dut, byte);
    }
    if (received || now - extended->last_activity_us < TIMEOUT_US) {
        return;
    }
    if (extended->state == TR_EXTENDED_DISCARD) {
        extended->state = TR_EXTENDED_IDLE;
    } else {
        fail(dut, "no byte in time, load dropped");
    }
}

void tr_extension_overflow(tr_dut *dut)
{
    if (dut->extended.state == TR_EXTENDED_DISCARD) { /* what it drops is not reported */
        dut->extended.last_activity_us = now_us(dut);
    } else {
        fail(dut, "receive buffer overflow, load dropped");
    }
}

#endif
