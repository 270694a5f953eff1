/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of the DUT library, given by board.c and the model, and the main loop. */
#include "board.h"
#include "model.h"
#include "task.h"
#include "tinyrunner_dut.h"

#ifndef BOARD_MODE
#define BOARD_MODE TR_MODE_PERFORMANCE
#endif

static uint8_t input[TASK_INPUT_CAPACITY];
static tr_dut dut;

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

static void pulse(void *user)
{
    (void)user;
    board_pulse_timestamp_pin();
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

#define PREPARED model_init()
#else
#define PREPARED true
#endif

static void on_receive(uint8_t byte)
{
    tr_dut_receive(&dut, byte);
}

static const tr_dut_config config = {
    .vendor = TASK_VENDOR,
    .model_id = TASK_MODEL_ID,
    .input = input,
    .input_capacity = sizeof input,
    .input_bytes = TASK_INPUT_BYTES,
    .result_count = TASK_SCORES,
    .put = put,
    .micros = micros,
    .pulse = pulse,
    .load = load,
    .infer = infer,
    .result = result,
#if TR_OWN_COMMANDS
    .command = command,
#endif
};

int main(void)
{
    board_init();
    if (!PREPARED || !tr_dut_init(&dut, &config, BOARD_MODE)) {
        for (;;) { /* the configuration is incomplete: see tr_dut_config */
        }
    }
    board_enable_uart_interrupt(on_receive);
    tr_dut_boot(&dut);
    for (;;) {
        const uint32_t receive_count = board_receive_count();

        if (!tr_dut_poll(&dut)) {
            board_sleep(receive_count);
        }
    }
}
