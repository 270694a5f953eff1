/* SPDX-License-Identifier: Apache-2.0 */
/* The device on this computer: on a pseudo-terminal, or on standard input and output.
 *
 *   make -C ports/host              or cc with -I src, all of src and of ports/host
 *   ./host_dut                      prints the pty's name; try `tinyrunner check --dut NAME`
 *   ./host_dut --stdio < commands   for tests
 *   make -C ports/host STREAMING=1  with the streaming wake word: --task sww
 *
 * Options: --task vww|ic|kws|ad|sww, --energy, --capacity BYTES, --inference-us N,
 * --echo (the scores are the input's first bytes, as singles),
 * --at-once N (hand over N bytes before the main loop has its turn, as a fast interrupt would). */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "host_model.h"
#include "host_stream.h"
#include "tinyrunner_dut.h"

/* The reference firmware's buffer: the dialogues name it. */
#define REFERENCE_CAPACITY 27648U
#define MAX_AT_ONCE 65536U
/* For a host that does not read: a UART does not wait for its receiver either. */
#define WRITE_TIMEOUT_MS 1000
/* An older timestamp is not that of the window that begins. */
#define MAX_TIMESTAMP_AGE_US 20000U

typedef struct host_port {
    int in;
    int out;
    uint32_t inference_us;
    uint32_t busy_until_us; /* while `busy`: when the last inference ended */
    uint32_t timestamp_us;  /* when the clock was last read */
    bool busy;              /* nothing was sent since an inference */
    host_model model;
} host_port;

static uint32_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U);
}

/* ---- the hooks ---- */

static void put(void *user, const char *bytes, size_t count)
{
    host_port *const port = (host_port *)user;

    port->busy = false;
    while (count > 0) {
        struct pollfd poll_fd = {port->out, POLLOUT, 0};
        ssize_t written;

        if (poll(&poll_fd, 1, WRITE_TIMEOUT_MS) <= 0) {
            return;
        }
        written = write(port->out, bytes, count);
        if (written < 0) {
            if (errno == EINTR || errno == EAGAIN) {
                continue;
            }
            return;
        }
        bytes += written;
        count -= (size_t)written;
    }
}

/* The modelled board's clock: real time, except that an inference takes exactly --inference-us,
 * however late this process wakes. */
static uint32_t micros(void *user)
{
    host_port *const port = (host_port *)user;

    port->timestamp_us = port->busy ? port->busy_until_us : now_us();
    return port->timestamp_us;
}

#if TR_LAYERS
/* Of that clock, too: a processor of 1 GHz is modelled. */
static uint32_t cycles(void *user)
{
    return micros(user) * 1000U;
}
#endif

/* This computer has no pin: a line on standard error, for tests. */
static void pulse(void *user)
{
    (void)user;
    fputs("pulse\n", stderr);
}

static void load(void *user, const uint8_t *input, uint32_t count)
{
    host_model_load(&((host_port *)user)->model, input, count);
}

static void infer(void *user)
{
    host_port *const port = (host_port *)user;
    int32_t remaining_us;

    if (!port->busy) { /* a window begins with its timestamp, not when that has been printed */
        const uint32_t now = now_us();

        port->busy = true;
        port->busy_until_us =
            now - port->timestamp_us < MAX_TIMESTAMP_AGE_US ? port->timestamp_us : now;
    }
#if TR_LAYERS /* three quarters of the time are the first layer's */
    port->busy_until_us += port->inference_us - port->inference_us / 4U;
    host_model_infer(&port->model);
    tr_layer_done("weighted sums");
    port->busy_until_us += port->inference_us / 4U;
    tr_layer_done("shares");
#else
    port->busy_until_us += port->inference_us;
    host_model_infer(&port->model);
#endif
    remaining_us = (int32_t)(port->busy_until_us - now_us());
    if (remaining_us > 0) {
        const struct timespec pause = {remaining_us / 1000000, remaining_us % 1000000 * 1000L};

        nanosleep(&pause, NULL);
    }
}

static float result(void *user, uint32_t index)
{
    return ((const host_port *)user)->model.scores[index];
}

/* ---- the program ---- */

static int open_pty(void)
{
    struct termios raw;
    const char *name;
    int slave;
    const int master = posix_openpt(O_RDWR | O_NOCTTY);

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        return -1;
    }
    name = ptsname(master);
    if (name == NULL) {
        return -1;
    }
    /* Held open: a pty whose last user has left is an error to its other end. */
    slave = open(name, O_RDWR | O_NOCTTY);
    if (slave < 0 || tcgetattr(slave, &raw) != 0) {
        return -1;
    }
    cfmakeraw(&raw);
    if (tcsetattr(slave, TCSANOW, &raw) != 0) {
        return -1;
    }
    printf("%s\n", name);
    fflush(stdout);
    return master;
}

/* Until standard input ends. */
static void run_main_loop(tr_dut *dut, const host_port *port, size_t at_once)
{
    static uint8_t bytes[MAX_AT_ONCE];
    unsigned idle_polls = 0;
    bool open = true;

    while (open) {
        struct pollfd poll_fd = {port->in, POLLIN, 0};
        const bool pending = tr_dut_poll(dut);
        const size_t room = at_once > 0 ? at_once : tr_dut_room(dut);
        ssize_t count;

        idle_polls = pending ? idle_polls + 1 : 0;
        if (at_once > 0 && tr_dut_room(dut) < TR_RING_BYTES - 1) {
            continue; /* process first what the ring holds */
        }
        if (room == 0 || poll(&poll_fd, 1, !pending ? -1 : idle_polls < 100 ? 0 : 1) <= 0) {
            continue;
        }
        idle_polls = 0;
        count = read(port->in, bytes, room);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        open = count > 0;
        for (ssize_t i = 0; i < count; i++) {
            tr_dut_receive(dut, bytes[i]);
        }
    }
    while (tr_dut_poll(dut)) {
    }
}

static int print_usage(const char *problem)
{
    fprintf(stderr,
            "%s: usage: host_dut [--stdio] [--task vww|ic|kws|ad|sww] [--energy] [--echo]\n"
            "    [--capacity BYTES] [--inference-us N] [--at-once N]\n",
            problem);
    return 2;
}

/* 1 to `max`; 0 for anything else. */
static uint32_t parse_number(const char *text, unsigned long max)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && value <= max ? (uint32_t)value : 0;
}

int main(int argc, char **argv)
{
    static uint8_t input[HOST_MAX_INPUT_BYTES];
    static host_port port;
    static tr_dut dut;
    tr_dut_config config;
    tr_mode mode = TR_MODE_PERFORMANCE;
    uint32_t capacity = REFERENCE_CAPACITY;
    uint32_t at_once = 0;
    bool stdio = false;

    port.inference_us = 1000;
    port.model.task = host_task_find("kws");
    for (int i = 1; i < argc; i++) {
        const char *const option = argv[i];
        const char *const value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(option, "--stdio") == 0) {
            stdio = true;
        } else if (strcmp(option, "--energy") == 0) {
            mode = TR_MODE_ENERGY;
        } else if (strcmp(option, "--echo") == 0) {
            port.model.echo = true;
        } else if (strcmp(option, "--task") == 0) {
            port.model.task = host_task_find(value);
            if (port.model.task == NULL) {
                return print_usage(value);
            }
            i++;
        } else if (strcmp(option, "--capacity") == 0) {
            capacity = parse_number(value, sizeof input);
            i++;
        } else if (strcmp(option, "--inference-us") == 0) {
            port.inference_us = parse_number(value, 100000000);
            i++;
        } else if (strcmp(option, "--at-once") == 0) {
            at_once = parse_number(value, MAX_AT_ONCE);
            i++;
        } else {
            return print_usage(option);
        }
    }
    port.in = stdio ? STDIN_FILENO : open_pty();
    port.out = stdio ? STDOUT_FILENO : port.in;
    if (port.in < 0) {
        perror("no pseudo-terminal");
        return 1;
    }

    memset(&config, 0, sizeof config);
    config.vendor = "tinyrunner-host";
    config.model_id = port.model.task->model_id;
    config.input = input;
    config.input_capacity = capacity;
    config.input_bytes = port.model.task->input_bytes;
    config.result_count = port.model.task->score_count;
    config.user = &port;
    config.put = put;
    config.micros = micros;
    config.pulse = pulse;
    config.load = load;
    config.infer = infer;
    config.result = result;
#if TR_LAYERS
    config.cycles = cycles;
    config.cycle_counter = "simulated: nanoseconds of the modelled clock";
#endif
    host_stream_take_over(&config);
    if (!tr_dut_init(&dut, &config, mode)) {
        return print_usage("the configuration is not complete");
    }
    tr_dut_boot(&dut);
    run_main_loop(&dut, &port, at_once);
    return 0;
}
