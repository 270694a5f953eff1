/* SPDX-License-Identifier: Apache-2.0 */
/* tr_dut_receive() in an interrupt: a signal handler breaks into tr_dut_poll() anywhere, as an
 * interrupt does on one core.
 *
 * First no more is sent than the ring holds: each command must be answered, once. Then far more:
 * what is lost must be told, and nothing but whole commands and their ends may be answered. */
#define _XOPEN_SOURCE 700

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "tinyrunner_dut.h"

#define COMMANDS 50000U
#define IN_FLIGHT 100U /* of five characters: half the ring */
#define PERIOD_US 20
#define FLOODS 300U
#define FLOOD_PERIOD_US 1000 /* the main loop gets through one in less */

static tr_dut dut;
static uint8_t input[16];
static volatile sig_atomic_t flooding;
static volatile uint32_t sent;
static volatile uint32_t floods;
static volatile uint32_t answered;
static uint32_t lost;
static uint32_t others;
static uint32_t readies;
static char line[128];
static size_t line_bytes;

static void take_line(void)
{
    line[line_bytes] = '\0';
    line_bytes = 0;
    if (strcmp(line, "m-name-dut-[unit]\r\n") == 0) {
        answered = answered + 1;
    } else if (strcmp(line, "m-ready\r\n") == 0) {
        readies++;
    } else if (strcmp(line, "e-[Receive buffer overflow, input lost]\r\n") == 0) {
        lost++;
    } else if (strcmp(line, "e-[Unknown command: ame]\r\n") == 0 ||
               strcmp(line, "e-[Unknown command: me]\r\n") == 0 ||
               strcmp(line, "e-[Unknown command: e]\r\n") == 0 ||
               strcmp(line, "e-[Unknown command: ]\r\n") == 0) {
        others++; /* the end of a command of which the beginning was lost */
    } else {
        printf("said %s", line);
    }
}

static void put(void *user, const char *bytes, size_t count)
{
    size_t i;

    (void)user;
    for (i = 0; i < count; i++) {
        line[line_bytes++] = bytes[i];
        if (bytes[i] == '\n' || line_bytes == sizeof line - 1) {
            take_line();
        }
    }
}

static uint32_t micros(void *user)
{
    (void)user;
    return 0;
}

static void load(void *user, const uint8_t *bytes, uint32_t count)
{
    (void)user;
    (void)bytes;
    (void)count;
}

static void infer(void *user)
{
    (void)user;
}

static float result(void *user, uint32_t index)
{
    (void)user;
    (void)index;
    return 0.0f;
}

static void send(const char *text, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        tr_dut_receive(&dut, (uint8_t)text[i]);
    }
}

static void interrupt(int number)
{
    static const char names[] = "name%name%name%name%name%name%name%name%name%name%";
    int i;

    (void)number;
    if (!flooding) {
        for (i = 0; i < 10 && sent < COMMANDS && sent - answered < IN_FLIGHT; i++) {
            send("name%", 5);
            sent = sent + 1;
        }
    } else if (floods < FLOODS) {
        for (i = 0; i < 2 * TR_RING_BYTES / 50; i++) {
            send(names, sizeof names - 1);
        }
        floods = floods + 1;
    }
}

static void start(int period_us)
{
    const struct itimerval each = {{0, period_us}, {0, period_us}};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &each, NULL);
}

static void stop(void)
{
    const struct itimerval never = {{0, 0}, {0, 0}};

    setitimer(ITIMER_REAL, &never, NULL);
    while (tr_dut_poll(&dut)) {
    }
}

int main(void)
{
    tr_dut_config config;
    uint32_t before;

    memset(&config, 0, sizeof config);
    config.vendor = "unit";
    config.model_id = "kws01";
    config.input = input;
    config.input_capacity = sizeof input;
    config.input_bytes = sizeof input;
    config.result_count = 1;
    config.put = put;
    config.micros = micros;
    config.load = load;
    config.infer = infer;
    config.result = result;
    if (!tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE)) {
        return 2;
    }
    start(PERIOD_US);
    while (answered < COMMANDS) {
        (void)tr_dut_poll(&dut);
    }
    stop();
    if (answered != COMMANDS || readies != COMMANDS || lost + others > 0) {
        printf("%u commands: %u answers, %u m-ready, %u losses, %u others\n", COMMANDS,
               (unsigned)answered, (unsigned)readies, (unsigned)lost, (unsigned)others);
    }

    flooding = 1;
    start(FLOOD_PERIOD_US);
    while (floods < FLOODS) {
        (void)tr_dut_poll(&dut);
    }
    stop();
    if (lost < FLOODS / 10 || readies != answered + lost + others) {
        printf("%u floods: %u losses, %u answers, %u others, %u m-ready\n", FLOODS, (unsigned)lost,
               (unsigned)answered, (unsigned)others, (unsigned)readies);
    }
    send("%", 1);
    stop();
    before = answered;
    send("name%", 5);
    stop();
    if (answered != before + 1) {
        printf("after the floods `name` is not answered\n");
    }
    return 0;
}
