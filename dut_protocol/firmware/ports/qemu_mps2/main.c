/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware: the board's hooks for the harness, and the loop. */
#include "board.h"
#include "network.h"
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
    board_send(bytes, count);
}

static uint32_t micros(void *user)
{
    (void)user;
    return board_micros();
}

static void pulse(void *user)
{
    (void)user;
    board_pulse();
}

static void load(void *user, const uint8_t *bytes, uint32_t count)
{
    (void)user;
    (void)count; /* TASK_INPUT_BYTES, as the configuration says */
    network_load(bytes);
}

static void infer(void *user)
{
    (void)user;
    network_run();
}

static float result(void *user, uint32_t index)
{
    (void)user;
    return network_score(index);
}

static void take(uint8_t byte)
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
};

int main(void)
{
    board_init();
    if (!tr_dut_init(&dut, &config, BOARD_MODE)) {
        for (;;) { /* a hook that the mode needs is missing in `config` */
        }
    }
    board_listen(take);
    tr_dut_boot(&dut);
    for (;;) {
        const uint32_t seen = board_received();

        if (!tr_dut_poll(&dut)) {
            board_sleep(seen);
        }
    }
}
