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

/* A command, cut into tokens. None of them is terminated by NUL: a command may hold any byte. */
typedef struct tr_arguments {
    const char *rest; /* what is still to be cut, up to `end` */
    const char *end;
    const char *token;  /* what was cut off last */
    size_t token_bytes; /* 0: there was nothing left */
} tr_arguments;

/* ---- tr_ring.c: received bytes ---- */

/* The oldest byte from the host; -1: the ring is empty. */
int tr_ring_pop(tr_dut *dut);

/* ---- tr_parse.c: tokens and numbers ---- */

/* Cut off the next token; tokens are separated by spaces. False: none is left. */
bool tr_next_token(tr_arguments *arguments);
/* Cut off the next token: its place, from 0, among `words`, each of which a space ends; their
 * number where it is none of them, or where there is none. A comparison with each would be longer.
 */
unsigned tr_next_word(tr_arguments *arguments, const char *words);
/* The next token, of decimal digits with an optional sign; what does not fit into 32 bits becomes
 * INT32_MAX or -INT32_MAX. TR_NO_NUMBER, which is below both: it is another. `without`: there is
 * none. */
int32_t tr_next_number(tr_arguments *arguments, int32_t without);
#define TR_NO_NUMBER INT32_MIN
/* 0 to 15; 16 for a character that is no hex digit. */
unsigned tr_hex_digit_value(char digit);

/* ---- tr_output.c: replies and timestamps ---- */

void tr_write_char(tr_dut *dut, char byte);
void tr_write_bytes(tr_dut *dut, const char *bytes, size_t count);
void tr_write_string(tr_dut *dut, const char *text);
/* The decimal digits of `value`, put before `end`; returns where they begin. At most 10. */
char *tr_decimal(uint32_t value, char *end);
void tr_write_u32(tr_dut *dut, uint32_t value);
void tr_write_i32(tr_dut *dut, int32_t value);
/* The text, then the number. */
void tr_write_number(tr_dut *dut, const char *prefix, uint32_t value);
void tr_write_hex_byte(tr_dut *dut, uint8_t value);
/* Pass to `put` what is buffered. */
void tr_flush(tr_dut *dut);
/* CR, LF, and flush. */
void tr_end_line(tr_dut *dut);
void tr_write_line(tr_dut *dut, const char *text);
void tr_write_number_line(tr_dut *dut, const char *prefix, uint32_t value);
/* A line that the reference ends by LF alone. */
void tr_write_number_lf(tr_dut *dut, const char *prefix, uint32_t value);
/* The prefix, which ends in a bracket or after one, the text, and the closing bracket. */
void tr_write_bracketed(tr_dut *dut, const char *prefix, const char *text);
/* The answer to the beginning of a load. */
void tr_write_expecting(tr_dut *dut, uint32_t count);
/* `e-[text]` */
void tr_write_error(tr_dut *dut, const char *text);
/* A reply's last line. The extension's time-out counts from here. */
void tr_write_ready(tr_dut *dut);
/* `m-lap-us-N` in performance mode, a pulse of the pin in energy mode. */
void tr_timestamp(tr_dut *dut);

/* ---- tr_score.c ---- */

/* Three decimals, rounded as printf's "%.3f" does; `nan`, `inf`, `-inf`. At most 44 characters. */
void tr_write_score(tr_dut *dut, float score);

/* ---- tr_db.c ---- */

void tr_command_db(tr_dut *dut, tr_arguments *arguments);
/* Empty the input buffer, and end the load in progress. */
void tr_discard_load(tr_dut *dut);
/* All bytes are there; says so. */
void tr_end_load(tr_dut *dut);

/* ---- tr_infer.c ---- */

void tr_command_infer(tr_dut *dut, tr_arguments *arguments);
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

/* Decode `count` characters in their place; returns the number of bytes, 0 for invalid base64. */
size_t tr_base64_decode(char *text, size_t count);

/* ---- tr_extension.c ---- */

enum {
    TR_EXTENDED_IDLE, /* no load by the extension is in progress */
    TR_EXTENDED_B64,
    TR_EXTENDED_BIN,    /* every byte belongs to a block */
    TR_EXTENDED_DISCARD /* after an error in an 8-bit load, until the line is idle */
};

/* The line of `help` that announces the extension. */
void tr_extension_write_offer(tr_dut *dut);
/* `xdb`, and `xd`; the m-ready is the caller's. */
void tr_command_xdb(tr_dut *dut, tr_arguments *arguments);
void tr_command_xd(tr_dut *dut);
/* tr_dut_poll() in the states BIN and DISCARD. */
void tr_extension_poll(tr_dut *dut);
/* Received bytes were lost. */
void tr_extension_overflow(tr_dut *dut);

#endif

/* ---- tr_commands.c ---- */

/* Execute the command that has come, up to its m-ready. */
void tr_execute_command(tr_dut *dut);

#endif
