/* SPDX-License-Identifier: Apache-2.0 */
/* A port to fill in: copy this folder, write board.c and model.c against the two headers, set the
 * sizes below. Compile it with -I src and all C files of src.
 * Then: `tinyrunner check --dut PORT --task kws`. */
#include "board.h"
#include "model.h"
#include "tinyrunner_dut.h"

/* MODEL: its sizes. kws01: 490 bytes in, 12 scores out; vww01: 27648, 2; ic01: 3072, 10;
 * ad01: 2560, 1. */
#define MODEL_ID "kws01"
#define INPUT_BYTES 490
#define SCORE_COUNT 12

/* Where loads go. It is not the model's input tensor: what is loaded here must be copied there, so
 * that a broken load never reaches the model. A larger buffer may be given; a larger `db load` than
 * the buffer is refused. */
static uint8_t input[INPUT_BYTES];

static tr_dut dut;

/* Replies, a line or a piece of one at a time. Blocking is fine: what the host sends meanwhile
 * waits in the ring. If you queue instead (DMA, interrupt), wait here until the queue has room, and
 * copy: `bytes` is written over after the return. */
static void put(void *user, const char *bytes, size_t count)
{
    (void)user;
    board_uart_send(bytes, count);
}

static uint32_t micros(void *user)
{
    (void)user;
    return board_micros();
}

/* Energy mode: a falling edge, low for at least 1 us. The energy monitor takes it for the beginning
 * or the end of a window, so nothing else may move this pin, at boot neither. */
static void pulse(void *user)
{
    const uint32_t since = board_micros();

    (void)user;
    board_set_timestamp_pin(0);
    while (board_micros() - since < 3) {
    }
    board_set_timestamp_pin(1);
}

/* MODEL: the bytes as the host sent them, to the model's input tensor. kws, vww and ic inputs are
 * what the reference models take: int8 for kws, uint8 pixels for vww and ic, which an int8 model
 * wants less 128; ad inputs are float32, little-endian, to be quantised by the model's scale and
 * zero point. Not measured; called once for each `infer N W`. */
static void load(void *user, const uint8_t *bytes, uint32_t count)
{
    (void)user;
    model_load(bytes, count);
}

/* MODEL: one inference, and nothing else: no printing, no copying of results. It is called W + N
 * times in a row on the same tensor. An interpreter that reuses its input's memory for intermediate
 * results (TensorFlow Lite Micro's planner may) must keep a copy and restore it here. */
static void infer(void *user)
{
    (void)user;
    model_infer();
}

/* MODEL: dequantised, a probability from 0 to 1 for each class in the order of the data set's
 * labels; for ad the mean squared error between input and output. */
static float result(void *user, uint32_t index)
{
    (void)user;
    return model_score(index);
}

/* In the order of tr_dut_config: this file compiles as C and as C++. */
static const tr_dut_config config = {
    "my-board", /* what `name` answers: yours to choose */
    MODEL_ID,
    input,
    sizeof input,
    INPUT_BYTES,
    SCORE_COUNT,
    NULL, /* user: whatever your hooks want to be handed */
    put,
    micros,
    pulse,
    load,
    infer,
    result,
};

/* Your vector table calls this for each byte received; the name is your SDK's. Nothing but this
 * call belongs here. */
void UART_RX_Handler(uint8_t byte)
{
    tr_dut_receive(&dut, byte);
}

int main(void)
{
    board_init();
    /* One firmware for both modes: read a strap pin here, say. */
    if (!tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE)) {
        for (;;) { /* the configuration lacks something: see tr_dut_config */
        }
    }
    /* In this order: the ring must be there before the first byte comes. */
    board_enable_uart_interrupt();
    tr_dut_boot(&dut);
    for (;;) {
        /* False: nothing to do before the next byte, and the processor may sleep: with interrupts
         * disabled, look once more that tr_dut_room() is TR_RING_BYTES - 1, then `__WFI()` (which
         * wakes all the same), then enable them. Without that look a byte may wait for the next. */
        (void)tr_dut_poll(&dut);
    }
}
