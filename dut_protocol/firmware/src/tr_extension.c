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
#define XD_BYTES 3U /* the command and its space */
#define TIMEOUT_US ((uint32_t)TR_BIN_TIMEOUT_MS * 1000U)

void tr_extension_write_offer(tr_dut *dut)
{
    tr_write_number(dut, "x-tinyrunner-1 bin=", TR_BIN_BLOCK_BYTES);
    tr_write_number_line(dut, " b64 shift timeout-ms=", TR_BIN_TIMEOUT_MS);
}

static uint32_t now_us(const tr_dut *dut)
{
    return dut->config->micros(dut->config->user);
}

/* An error during a load discards it; otherwise the buffer stays as it is. */
static void fail(tr_dut *dut, const char *reason)
{
    const uint8_t state = dut->extended.state;

    if (state != TR_EXTENDED_IDLE) {
        tr_discard_load(dut);
    }
    if (state >= TR_EXTENDED_BIN) {
        dut->extended.state = TR_EXTENDED_DISCARD;
    }
    tr_write_bracketed(dut, "e-[xdb: ", reason);
}

/* A block's `count` bytes are stored, behind what was received; if its CRC is right, they count. */
static void end_block(tr_dut *dut, uint32_t count, uint32_t crc)
{
    uint8_t *const input = dut->config->input;

    if (tr_crc32(input + dut->received, count) != crc) {
        fail(dut, "block damaged");
        return;
    }
    dut->received += count;
    if (dut->received == dut->expected) {
        if (tr_crc32(input, dut->expected) != dut->extended.input_crc) {
            fail(dut, "input damaged");
            return;
        }
        tr_end_load(dut);
    }
}

/* ---- commands ---- */

/* The next token, of eight hex digits; false: it is another. */
static bool next_crc(tr_arguments *arguments, uint32_t *crc)
{
    (void)tr_next_token(arguments);
    *crc = 0;
    for (const char *next = arguments->token; next < arguments->rest; next++) {
        const unsigned value = tr_hex_digit_value(*next);

        if (value > 15) {
            return false;
        }
        *crc = *crc << 4 | value;
    }
    return arguments->token_bytes == 8;
}

/* The arguments of `xdb`. */
typedef struct load_request {
    uint32_t count;
    uint32_t crc;
    bool shift;
    uint8_t state;
} load_request;

static bool parse_load_request(tr_arguments *arguments, load_request *request)
{
    const unsigned operation = tr_next_word(arguments, "load shift ");
    const int32_t count = tr_next_number(arguments, 0);
    const bool has_crc = next_crc(arguments, &request->crc);
    const unsigned encoding = tr_next_word(arguments, "b64 bin ");

    request->shift = operation == 1;
    request->count = (uint32_t)count;
    request->state = (uint8_t)(TR_EXTENDED_B64 + encoding);
    return operation <= 1 && count > 0 && has_crc && encoding <= 1 && !tr_next_token(arguments);
}

void tr_command_xdb(tr_dut *dut, tr_arguments *arguments)
{
    uint8_t *const input = dut->config->input;
    load_request request;

    if (dut->extended.state != TR_EXTENDED_IDLE) {
        fail(dut, "before the last block");
        return;
    }
    if (!parse_load_request(arguments, &request)) {
        fail(dut, "usage: xdb load|shift COUNT CRC bin|b64");
        return;
    }
    if (request.shift) { /* without a load before, 0 bytes are expected: count is not below that */
        if (dut->received != dut->expected || request.count >= dut->expected) {
            fail(dut, "nothing to shift");
            return;
        }
        dut->received = dut->expected - request.count;
        memmove(input, input + request.count, dut->received);
    } else {
        if (request.count > dut->config->input_capacity) {
            fail(dut, "too many bytes");
            return;
        }
        dut->expected = request.count;
        dut->received = 0;
    }
    dut->extended.input_crc = request.crc;
    dut->extended.state = request.state;
    dut->extended.block_received = 0;
    tr_write_expecting(dut, request.count);
}

static uint32_t read_u32_be(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* `xd TEXT`, decoded in its place. */
void tr_command_xd(tr_dut *dut)
{
    char *const text = dut->command + XD_BYTES;
    const uint8_t *const bytes = (const uint8_t *)text;
    size_t count = dut->command_bytes > XD_BYTES ? dut->command_bytes - XD_BYTES : 0U;

    if (dut->extended.state != TR_EXTENDED_B64) {
        fail(dut, "no b64 load");
        return;
    }
    count = tr_base64_decode(text, count);
    if (count <= CRC_BYTES) {
        fail(dut, "no base64");
        return;
    }
    count -= CRC_BYTES;
    if (count > dut->expected - dut->received) {
        fail(dut, "too many bytes");
        return;
    }
    memcpy(dut->config->input + dut->received, bytes, count);
    end_block(dut, (uint32_t)count, read_u32_be(bytes + count));
}

/* ---- 8-bit blocks ---- */

static void store_bin_byte(tr_dut *dut, uint8_t byte)
{
    tr_extended_load *const extended = &dut->extended;
    const uint32_t left = dut->expected - dut->received;
    const uint32_t block_bytes = left < TR_BIN_BLOCK_BYTES ? left : TR_BIN_BLOCK_BYTES;

    extended->received_crc = extended->received_crc << 8 | byte;
    if (extended->block_received < block_bytes) {
        dut->config->input[dut->received + extended->block_received] = byte;
    }
    if (++extended->block_received == block_bytes + CRC_BYTES) {
        extended->block_received = 0;
        end_block(dut, block_bytes, extended->received_crc);
        tr_write_ready(dut);
    }
}

void tr_extension_poll(tr_dut *dut)
{
    tr_extended_load *const extended = &dut->extended;
    bool received = false;
    int byte;

    while (extended->state >= TR_EXTENDED_BIN && (byte = tr_ring_pop(dut)) >= 0) {
        received = true;
        if (extended->state == TR_EXTENDED_BIN) {
            store_bin_byte(dut, (uint8_t)byte);
        }
    }
    /* The end of this poll stands for the time of arrival: a late poll lengthens the time-out. */
    if (received) {
        extended->last_activity_us = now_us(dut);
    } else if (now_us(dut) - extended->last_activity_us >= TIMEOUT_US) {
        if (extended->state == TR_EXTENDED_DISCARD) {
            extended->state = TR_EXTENDED_IDLE;
        } else {
            fail(dut, "no byte in time, load dropped");
            tr_write_ready(dut);
        }
    }
}

void tr_extension_overflow(tr_dut *dut)
{
    if (dut->extended.state == TR_EXTENDED_DISCARD) { /* what it drops is not reported */
        dut->extended.last_activity_us = now_us(dut);
    } else {
        fail(dut, "receive buffer overflow, load dropped");
        tr_write_ready(dut);
    }
}

#endif
