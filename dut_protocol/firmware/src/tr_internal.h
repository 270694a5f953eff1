/* SPDX-License-Identifier: Apache-2.0 */
/* What the library's files share; not for ports. */
#ifndef TR_INTERNAL_H
#define TR_INTERNAL_H

#include "tinyrunner_dut.h"

#if TR_RING_BYTES < 16 || TR_RING_BYTES > 32768 || (TR_RING_BYTES & (TR_RING_BYTES - 1)) != 0
#error "TR_RING_BYTES must be a power of two, 16 to 32768"
#endif
#if TR_LINE_BYTES < 1 || TR_LINE_BYTES > 255
#error "TR_LINE_BYTES must be 1 to 255"
#endif
#if TR_WIRE_EXTENSION
#if TR_BIN_BLOCK_BYTES < 1 || TR_BIN_BLOCK_BYTES + 4 >= TR_RING_BYTES
#error "a block of TR_BIN_BLOCK_BYTES and its CRC must fit into TR_RING_BYTES"
#endif
#if TR_BIN_TIMEOUT_MS < 100 || TR_BIN_TIMEOUT_MS > 1000
#error "TR_BIN_TIMEOUT_MS must be 100 to 1000"
#endif
#endif

/* Some characters, not ended by NUL: a command may hold any byte. */
typedef struct tr_text {
    const char *start;
    size_t count;
} tr_text;

/* ---- tr_text.c: what is said ---- */

void tr_put_chars(tr_dut *dut, const char *chars, size_t count);
void tr_put_text(tr_dut *dut, const char *text);
void tr_put_unsigned(tr_dut *dut, uint32_t value);
void tr_put_signed(tr_dut *dut, int32_t value);
void tr_put_hex_byte(tr_dut *dut, uint8_t value);
/* Hand over what `put` has not got yet. */
void tr_flush(tr_dut *dut);
/* CR, LF, and hand the line over. */
void tr_end_line(tr_dut *dut);
/* A whole line. */
void tr_say(tr_dut *dut, const char *text);
void tr_say_number(tr_dut *dut, const char *before, uint32_t value, const char *after);
/* `e-[text]`, and with a word of the host's behind `text`. */
void tr_say_error(tr_dut *dut, const char *text);
void tr_say_error_about(tr_dut *dut, const char *text, tr_text word, const char *after);
void tr_say_ready(tr_dut *dut);

/* ---- tr_score.c ---- */

/* Three decimals, rounded as printf's "%.3f" does; `nan`, `inf`, `-inf`. At most 44 characters. */
void tr_put_score(tr_dut *dut, float score);

/* ---- tr_words.c: what is read ---- */

/* Cut the next word off `rest`; words stand between spaces. False: none is left. */
bool tr_next_word(tr_text *rest, tr_text *word);
bool tr_is(tr_text word, const char *text);
/* A whole word of digits with a sign perhaps; false for any other. What does not fit into 32 bits
 * becomes INT32_MAX or -INT32_MAX. */
bool tr_parse_number(tr_text word, int32_t *value);
/* 0 to 15; 16 for a character that is no hex digit. */
uint8_t tr_hex_value(char digit);

/* ---- tr_ring.c ---- */

/* The next byte from the host; false: none has come. */
bool tr_ring_take(tr_dut *dut, uint8_t *byte);

/* ---- tr_commands.c, tr_db.c, tr_infer.c ---- */

/* One command without its `%`, to its m-ready. */
void tr_execute(tr_dut *dut, tr_text command);
void tr_db(tr_dut *dut, tr_text arguments);
void tr_infer(tr_dut *dut, tr_text arguments);
void tr_say_results(tr_dut *dut);
/* `m-lap-us-N`, or a pulse of the pin. */
void tr_stamp(tr_dut *dut);
/* The buffer holds nothing. */
void tr_void_load(tr_dut *dut);

/* ---- tr_extension.c ---- */

#if TR_WIRE_EXTENSION
enum {
    TR_EXTENDED_NONE, /* no load by the extension is in progress */
    TR_EXTENDED_B64,
    TR_EXTENDED_BIN, /* every byte is a block's */
    TR_EXTENDED_DEAF /* after an error of a bin load, until it has been quiet */
};

void tr_extension_offer(tr_dut *dut);
/* False: the command is not of the extension. It may be decoded where it stands. */
bool tr_extension_command(tr_dut *dut, char *command, size_t count);
/* tr_dut_poll() of the states BIN and DEAF. */
void tr_extension_poll(tr_dut *dut);
/* Input was lost. */
void tr_extension_overflow(tr_dut *dut);

/* ---- tr_base64.c, tr_crc32.c ---- */

/* Decode where it stands; `count` is that of the characters, then of the bytes. False: it is no
 * base64. */
bool tr_decode_base64(char *text, size_t *count);

/* The CRC-32 of Ethernet and zlib over `count` more bytes; begin with 0. */
uint32_t tr_crc32(uint32_t crc, const uint8_t *bytes, size_t count);
#endif

#endif
