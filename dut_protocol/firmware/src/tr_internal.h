/* SPDX-License-Identifier: Apache-2.0 */
/* What the library's files share; not for ports.
 *
 * Each file calls only files that stand further up in this list:
 *   tr_ring.c, tr_encoding.c, tr_parse.c, tr_output.c, tr_score.c, tr_db.c, tr_infer.c,
 *   tr_extension.c, tr_commands.c, tinyrunner_dut.c */
#ifndef TR_INTERNAL_H
#define TR_INTERNAL_H

#include "tinyrunner_dut.h"

#if TR_RING_BYTES < 16 || TR_RING_BYTES > 32768 || (TR_RING_BYTES & (TR_RING_BYTES - 1)) != 0
#error "TR_RING_BYTES must be a power of two, 16 to 32768"
#endif
#if TR_LINE_BYTES < 1 || TR_LINE_BYTES > 255
#error "TR_LINE_BYTES must be 1 to 255"
#endif
#if TR_COMMAND_BYTES < 8 || TR_COMMAND_BYTES > 65535
#error "TR_COMMAND_BYTES must be 8 to 65535"
#endif
#if TR_WIRE_EXTENSION
#if TR_BIN_BLOCK_BYTES < 1 || TR_BIN_BLOCK_BYTES + 4 >= TR_RING_BYTES
#error "a block of TR_BIN_BLOCK_BYTES and its CRC must fit into TR_RING_BYTES"
#endif
#if TR_CRC_TABLE_ENTRIES != 0 && TR_CRC_TABLE_ENTRIES != 16 && TR_CRC_TABLE_ENTRIES != 256
#error "TR_CRC_TABLE_ENTRIES must be 0, 16 or 256"
#endif
#if TR_BIN_TIMEOUT_MS < 100 || TR_BIN_TIMEOUT_MS > 1000
#error "TR_BIN_TIMEOUT_MS must be 100 to 1000"
#endif
#endif
#if TR_LAYERS < 0 || TR_LAYERS > 255
#error "TR_LAYERS must be 0 to 255"
#endif

/* Characters of a command, not terminated by NUL: a command may hold any byte. */
typedef struct tr_span {
    const char *chars;
    size_t count;
} tr_span;

/* ---- tr_ring.c: received bytes ---- */

/* The oldest byte from the host; false: the ring is empty. */
bool tr_ring_pop(tr_dut *dut, uint8_t *byte);

/* ---- tr_parse.c: tokens and numbers ---- */

/* Cut the next token off `arguments`; tokens are separated by spaces. False: none is left, and
 * `token` is empty. */
bool tr_next_token(tr_span *arguments, tr_span *token);
/* The place, from 0, of `token` among `words`, each of which a space ends; their number where it is
 * none of them. A comparison with each would be longer. */
unsigned tr_find(tr_span token, const char *words);
/* A token of decimal digits with an optional sign; false for any other. What does not fit into 32
 * bits becomes INT32_MAX or -INT32_MAX. */
bool tr_parse_int32(tr_span token, int32_t *value);
/* 0 to 15; 16 for a character that is no hex digit. */
uint8_t tr_hex_digit_value(char digit);

/* ---- tr_output.c: replies and timestamps ---- */

void tr_write_bytes(tr_dut *dut, const char *bytes, size_t count);
void tr_write_string(tr_dut *dut, const char *text);
void tr_write_u32(tr_dut *dut, uint32_t value);
void tr_write_i32(tr_dut *dut, int32_t value);
void tr_write_hex_byte(tr_dut *dut, uint8_t value);
/* Pass to `put` what is buffered. */
void tr_flush(tr_dut *dut);
/* CR, LF, and flush. */
void tr_end_line(tr_dut *dut);
void tr_write_line(tr_dut *dut, const char *text);
void tr_write_number_line(tr_dut *dut, const char *prefix, uint32_t value, const char *suffix);
/* The prefix, which ends in a bracket or after one, the text, and the closing bracket. */
void tr_write_bracketed(tr_dut *dut, const char *prefix, const char *text);
/* The answer to the beginning of a load. */
void tr_write_expecting(tr_dut *dut, uint32_t count);
/* `e-[text]`; the second with a token of the command between two texts, the last with the `]`. */
void tr_write_error(tr_dut *dut, const char *text);
void tr_write_error_token(tr_dut *dut, const char *prefix, tr_span token, const char *suffix);
/* A reply's last line. The extension's time-out counts from here. */
void tr_write_ready(tr_dut *dut);
/* `m-lap-us-N` in performance mode, a pulse of the pin in energy mode. */
void tr_timestamp(tr_dut *dut);

/* ---- tr_score.c ---- */

/* Three decimals, rounded as printf's "%.3f" does; `nan`, `inf`, `-inf`. At most 44 characters. */
void tr_write_score(tr_dut *dut, float score);

/* ---- tr_db.c ---- */

void tr_command_db(tr_dut *dut, tr_span arguments);
/* Empty the input buffer, and end the load in progress. */
void tr_discard_load(tr_dut *dut);

/* ---- tr_infer.c ---- */

void tr_command_infer(tr_dut *dut, tr_span arguments);
void tr_write_results(tr_dut *dut);
#if TR_LAYERS
/* `profile layers`: a line for the counter, one a layer, one for the whole inference. No runner
 * takes them for messages: those begin with `m-` or `e-`. */
void tr_write_layers(tr_dut *dut);
#endif

#if TR_WIRE_EXTENSION

/* ---- tr_encoding.c ---- */

/* The CRC-32 of Ethernet and zlib. */
uint32_t tr_crc32(const uint8_t *bytes, size_t count);

/* Decode in place; `count` is the number of characters, then of bytes. False: invalid base64. */
bool tr_base64_decode(char *text, size_t *count);

/* ---- tr_extension.c ---- */

enum {
    TR_EXTENDED_IDLE, /* no load by the extension is in progress */
    TR_EXTENDED_B64,
    TR_EXTENDED_BIN,    /* every byte belongs to a block */
    TR_EXTENDED_DISCARD /* after an error in an 8-bit load, until the line is idle */
};

/* The line of `help` that announces the extension. */
void tr_extension_write_offer(tr_dut *dut);
/* False: no command of the extension. The m-ready is the caller's. */
bool tr_extension_execute(tr_dut *dut, tr_span name, tr_span arguments);
/* tr_dut_poll() in the states BIN and DISCARD. */
void tr_extension_poll(tr_dut *dut);
/* Received bytes were lost. */
void tr_extension_overflow(tr_dut *dut);

#endif

/* ---- tr_commands.c ---- */

/* Execute one command, given without its `%`, up to its m-ready. */
void tr_execute_command(tr_dut *dut, tr_span command);

#endif
