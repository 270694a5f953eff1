/* SPDX-License-Identifier: Apache-2.0 */
/* tinyrunner's DUT library: the device side of the MLPerf Tiny serial protocol.
 *
 *   static uint8_t input[490];
 *   static tr_dut dut;
 *
 *   void UART_RX_IRQHandler(void) { tr_dut_receive(&dut, UART->DATA); }
 *
 *   int main(void) {
 *       board_init();
 *       tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE);
 *       uart_enable_receive_interrupt();
 *       tr_dut_boot(&dut);
 *       for (;;) tr_dut_poll(&dut);
 *   }
 *
 * Nothing is allocated; of libc only memcpy, memmove, memcmp and memset are used. What the
 * board does itself, it does in the hooks of `tr_dut_config`. Commands and replies are those of the
 * reference firmware; where this library is stricter, README.md says so.
 *
 * The macros below size and switch the library. All files, the port's too, must be compiled with
 * the same values. Set them on the compiler's command line, or in a header of your own that the
 * command line names: -DTR_CONFIG='"my_config.h"'.
 */
#ifndef TINYRUNNER_DUT_H
#define TINYRUNNER_DUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TR_VERSION_MAJOR 0
#define TR_VERSION_MINOR 2
#define TR_VERSION_PATCH 0

#ifdef TR_CONFIG
#include TR_CONFIG
#endif

/* Bytes between the receive interrupt and the main loop; a power of two, 16 to 32768. All but one
 * are usable. It must hold what the host sends while the firmware works: one command (64 bytes) for
 * a host that waits for each answer, more for one that does not. What does not fit is answered
 * `e-[Receive buffer overflow, input lost]`. */
#ifndef TR_RING_BYTES
#define TR_RING_BYTES 1024
#endif

/* 1: the device offers the wire extension x-tinyrunner-1 (loads of 8-bit or base64 blocks with a
 * CRC-32, about twice as fast); a host that does not know it does not see it. 0: leave it out. */
#ifndef TR_WIRE_EXTENSION
#define TR_WIRE_EXTENSION 1
#endif

/* Most data bytes of an 8-bit block. A block and its CRC fit into the ring, so none is lost however
 * late tr_dut_poll() is called. */
#ifndef TR_BIN_BLOCK_BYTES
#define TR_BIN_BLOCK_BYTES (TR_RING_BYTES / 2)
#endif

/* Milliseconds without a byte after which an 8-bit load is given up; 100 to 1000. */
#ifndef TR_BIN_TIMEOUT_MS
#define TR_BIN_TIMEOUT_MS 500
#endif

/* How the extension computes its CRC-32: 256: a byte a step by a table of 1 kB; 16: four bits a
 * step by one of 64 bytes; 0: bit by bit, without a table. README.md tells what each takes. */
#ifndef TR_CRC_TABLE_ENTRIES
#define TR_CRC_TABLE_ENTRIES 16
#endif

/* Most bytes that are passed to `put` at once. What is passed last of a reply ends a line. */
#ifndef TR_LINE_BYTES
#define TR_LINE_BYTES 64
#endif

/* Characters of a command before its `%`; the rest is dropped. 80 in the reference firmware, 1028
 * in that of sww. At least 8. */
#ifndef TR_COMMAND_BYTES
#define TR_COMMAND_BYTES 80
#endif

/* 1: answers begin with `Received command: COMMAND`, and those to the blocks of `db load` say how
 * many bytes there are, as those of sww's reference firmware do. Its `stream_wav_uart.py` asks for
 * both; hosts of other tasks may take offence. */
#ifndef TR_ECHO
#define TR_ECHO 0
#endif

/* 1: there are commands beside the library's, executed by the hook `command`. */
#ifndef TR_OWN_COMMANDS
#define TR_OWN_COMMANDS 0
#endif

/* Layers of the network that are timed one by one, and told by `profile layers`: at most so many, 1
 * to 255. 0: nothing of it is there. Timing costs two readings of both counters a layer: leave it
 * out of firmware whose results count. */
#ifndef TR_LAYERS
#define TR_LAYERS 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* How the firmware marks time. */
typedef enum tr_mode {
    TR_MODE_PERFORMANCE, /* `m-lap-us-N` on the UART */
    TR_MODE_ENERGY       /* a pulse on the timestamp pin, nothing on the UART */
} tr_mode;

struct tr_dut;

/* What the porter supplies. It stays where it is while the device lives, and may be const.
 * No hook is called from tr_dut_receive(), all from tr_dut_boot() and tr_dut_poll(). */
typedef struct tr_dut_config {
    const char *vendor;   /* for `name`: m-name-dut-[vendor]; printable ASCII, no brackets */
    const char *model_id; /* for `profile`: "vww01", "ic01", "kws01", "ad01", ... */

    uint8_t *input;          /* where loads go; tr_dut alone writes to it */
    uint32_t input_capacity; /* its bytes; a larger `db load` is refused. At most 2147483647 */
    uint32_t input_bytes;    /* what the model takes, 1 to input_capacity */
    uint32_t result_count;   /* scores of the model, at least 1 */

    void *user; /* passed to every hook */

    /* Send `count` bytes, 1 to TR_LINE_BYTES; may block until they are sent or queued. */
    void (*put)(void *user, const char *bytes, size_t count);

    /* Microseconds since some moment, free running, wrapping at 2^32 and nowhere else.
     * Needed in performance mode, and in both modes with TR_WIRE_EXTENSION. Else NULL is taken. */
    uint32_t (*micros)(void *user);

    /* Pull the timestamp pin low for 1 us or more, and release it. Needed in energy mode. */
    void (*pulse)(void *user);

    /* Put `input_bytes` bytes into the model's input tensor (convert or quantise them as the model
     * needs). Called once for each `infer`, before the warm-ups, outside the measured window;
     * not called when the load is of another size: then the tensor before is inferred again. */
    void (*load)(void *user, const uint8_t *input, uint32_t count);

    /* One inference. It leaves the input tensor as it is, for the next one. */
    void (*infer)(void *user);

    /* Score `index`, 0 to result_count - 1, of the last inference; 0 before the first. Not a
     * number and infinities are printed as `nan`, `inf`, `-inf`, which a host refuses. */
    float (*result)(void *user, uint32_t index);

#if TR_OWN_COMMANDS
    /* Execute a command that the library does not know, of `count` characters, not terminated, and
     * answer it, without the m-ready; false: it is none. `help` is passed, too, and its answer goes
     * on. NULL: there are none. */
    bool (*command)(void *user, struct tr_dut *dut, const char *command, size_t count);
#endif

#if TR_LAYERS
    /* The processor's cycles, free running, wrapping at 2^32 and nowhere else. Needed, and `micros`
     * too. An inference must end before either has wrapped. */
    uint32_t (*cycles)(void *user);
    /* What that is, begun by its kind: "measured: DWT CYCCNT" for a cycle counter of the processor;
     * "timer: ...", where it is another clock; "emulated: ..." or "simulated: ..." off silicon. */
    const char *cycle_counter;
#endif
} tr_dut_config;

/* For AVR: an index that an 8-bit processor reads in one go, where that is enough; elsewhere one
 * that the processor computes with as it is. */
#if TR_RING_BYTES <= 256
typedef uint8_t tr_ring_index;
#else
typedef uint_fast16_t tr_ring_index;
#endif

#if TR_COMMAND_BYTES <= 255
typedef uint8_t tr_command_index;
#else
typedef uint16_t tr_command_index;
#endif

#if TR_WIRE_EXTENSION
/* A load by the extension; the library's own. */
typedef struct tr_extended_load {
    uint8_t state;
    uint32_t input_crc;        /* announced for the whole input */
    uint32_t received_crc;     /* the block's own, shifted in byte by byte */
    uint32_t last_activity_us; /* when bytes came last or the last reply ended */
    uint32_t block_received;   /* bytes of this 8-bit block and its CRC that have come */
} tr_extended_load;
#endif

#if TR_LAYERS
/* What a layer, or a whole inference, took; the library's own. */
typedef struct tr_layer_time {
    const char *name;
    uint32_t cycles;
    uint32_t us;
} tr_layer_time;
#endif

/* A device. Its members are the library's own. */
typedef struct tr_dut {
    const tr_dut_config *config;
    uint32_t expected; /* bytes announced for the load; 0: none */
    uint32_t received; /* of these, already stored */
    uint8_t mode;
    uint8_t line_bytes;
    volatile uint8_t overflows;          /* written by tr_dut_receive() only */
    volatile uint8_t overflows_reported; /* written by tr_dut_poll() only */
    tr_command_index command_bytes;
#if TR_WIRE_EXTENSION
    tr_extended_load extended;
#endif
    volatile tr_ring_index ring_head; /* written by tr_dut_receive() only */
    volatile tr_ring_index ring_tail; /* written by tr_dut_poll() only */
#if TR_LAYERS
    tr_layer_time layers[TR_LAYERS]; /* of the last inference */
    tr_layer_time whole;
    tr_layer_time layer_began; /* the counters' values */
    uint16_t layer_count;
#endif
    char command[TR_COMMAND_BYTES];
    char line[TR_LINE_BYTES];
    volatile uint8_t ring[TR_RING_BYTES];
} tr_dut;

/* Prepare `dut`; sends nothing yet. False, and the device must not be used, where `config` lacks
 * something that `mode` needs. Call it before the receive interrupt is enabled; call it again (with
 * the interrupt disabled) to begin anew, in another mode perhaps. */
bool tr_dut_init(tr_dut *dut, const tr_dut_config *config, tr_mode mode);

/* Send the boot banner, with its one timestamp. Once, after tr_dut_init(). */
void tr_dut_boot(tr_dut *dut);

/* Take one byte from the host. Safe in an interrupt, while tr_dut_poll() runs: one producer, one
 * consumer. A few cycles; calls no hook. On a processor with several cores both must be on one. */
void tr_dut_receive(tr_dut *dut, uint8_t byte);

/* How many bytes tr_dut_receive() is sure to take now: for a port that can hold the host back (USB,
 * a socket, a driver with a buffer of its own). Not from the interrupt. */
size_t tr_dut_room(const tr_dut *dut);

/* Process what was received: at most one command, or the bytes of an 8-bit block so far. Call it
 * from the main loop forever. True: call it again soon. False: there is nothing to do before the
 * next byte, and the processor may sleep until an interrupt. */
bool tr_dut_poll(tr_dut *dut);

#if TR_LAYERS
/* Say, inside of the hook `infer`, that a layer is done; what `infer` did since the layer before is
 * this one's. Exported networks call it themselves. `name` stays where it is: printable ASCII
 * without brackets, such as "convolution 25x5x64 320000 MACs": what it is; then, where they are
 * known, the shape of its output and the products that it sums up. A firmware with it has one
 * device. */
void tr_layer_done(const char *name);
#endif

#ifdef __cplusplus
}
#endif

#endif
