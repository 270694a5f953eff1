/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of the DUT library, given by board.c and model.c, and the main loop. The task's sizes
 * and the board's name are in task.h. This file compiles as C and as C++. */
#include "board.h"
#include "model.h"
#include "task.h"
#include "tinyrunner_dut.h"

/* Where the SDK has a main() of its own, this file's gets the name that BOARD_MAIN gives. */
#ifdef BOARD_MAIN
#define main BOARD_MAIN
#endif

/* Where loads go. It is not the model's input tensor: a load that fails must not reach the model.
 */
static uint8_t input[TASK_INPUT_CAPACITY];

static tr_dut dut;

/* In an emulator the board says so by its name: its times are not to be taken for a chip's. */
#if BOARD_EMULATED
#define VENDOR "tinyrunner-simulated (" TASK_VENDOR " in QEMU)"
#else
#define VENDOR TASK_VENDOR
#endif

#ifndef BOARD_MODE
#define BOARD_MODE TR_MODE_PERFORMANCE
#endif

/* A reply, one line or a piece of one at a time. Blocking is fine: what the host sends meanwhile
 * waits in the ring. If you queue instead (DMA, interrupt), wait here until the queue has room, and
 * copy: `bytes` is overwritten after the return. */
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
    const uint32_t start_us = board_micros();

    (void)user;
    board_set_timestamp_pin(0);
    while (board_micros() - start_us < 3) {
    }
    board_set_timestamp_pin(1);
}

static void load(void *user, const uint8_t *bytes, uint32_t count)
{
    (void)user;
    model_load(bytes, count);
}

static void infer(void *user)
{
    (void)user;
    model_infer();
}

static float result(void *user, uint32_t index)
{
    (void)user;
    return model_score(index);
}

#if TR_OWN_COMMANDS
static bool command(void *user, struct tr_dut *device, const char *chars, size_t count)
{
    (void)user;
    return model_command(device, chars, count);
}
#endif

#if TR_LAYERS
static uint32_t cycles(void *user)
{
    (void)user;
#ifdef BOARD_CYCLE_COUNTER
    return board_cycles();
#else
#define BOARD_CYCLE_COUNTER "timer: microseconds of board_micros()"
    return board_micros();
#endif
}
#endif

/* In the order of tr_dut_config: C++ before C++20 has no designated initialisers. */
static const tr_dut_config config = {
    VENDOR,
    TASK_MODEL_ID,
    input,
    sizeof input,
    TASK_INPUT_BYTES,
    TASK_SCORES,
    NULL, /* user: passed to every hook */
    put,
    micros,
    pulse,
    load,
    infer,
    result,
#if TR_OWN_COMMANDS
    command,
#endif
#if TR_LAYERS
    cycles,
    BOARD_CYCLE_COUNTER,
#endif
};

/* To be called for each byte received, from your vector table or your SDK's handler; its name is
 * your SDK's. Nothing but this call belongs here. */
void UART_RX_Handler(uint8_t byte)
{
    tr_dut_receive(&dut, byte);
}

static bool is_idle(void)
{
#if TR_OWN_COMMANDS
    return tr_dut_room(&dut) == TR_RING_BYTES - 1 && model_is_idle();
#else
    return tr_dut_room(&dut) == TR_RING_BYTES - 1;
#endif
}

int main(void)
{
    board_init();
    /* One firmware for both modes: read a strap pin here, say. */
    if (!tr_dut_init(&dut, &config, BOARD_MODE)) {
        for (;;) { /* the configuration is incomplete: see tr_dut_config */
        }
    }
#if TR_OWN_COMMANDS
    if (!model_init()) {
        for (;;) { /* a hook is missing: see tr_stream_config */
        }
    }
#endif
    /* In this order: the ring must be initialised before the first byte comes. */
    board_enable_uart_interrupt();
    tr_dut_boot(&dut);
    for (;;) {
        if (!tr_dut_poll(&dut)) { /* nothing to do before the next byte */
            board_sleep(is_idle);
        }
#if TR_OWN_COMMANDS
        model_poll();
#endif
    }
}
