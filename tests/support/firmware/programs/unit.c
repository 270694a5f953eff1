/* SPDX-License-Identifier: Apache-2.0 */
/* What no dialogue reaches: incomplete configurations, the room in the ring, 256 overflows. */
#include <stdio.h>
#include <string.h>

#include "tinyrunner_dut.h"

#if TR_OWN_COMMANDS
#include "tinyrunner_stream.h"
#endif

static int failures;

#define CHECK(condition)                                                 \
    do {                                                                 \
        if (!(condition)) {                                              \
            printf("line %d: %s does not hold\n", __LINE__, #condition); \
            failures++;                                                  \
        }                                                                \
    } while (0)

static char said[65536];
static size_t said_bytes;
static uint8_t input[16];

static void put(void *user, const char *bytes, size_t count)
{
    (void)user;
    if (count > 0 && count <= TR_LINE_BYTES && said_bytes + count < sizeof said) {
        memcpy(said + said_bytes, bytes, count);
        said_bytes += count;
    } else {
        failures++;
    }
}

static uint32_t micros(void *user)
{
    (void)user;
    return 4294967295U;
}

static void pulse(void *user)
{
    (void)user;
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
    return (float)index;
}

static tr_dut_config complete(void)
{
    tr_dut_config config;

    memset(&config, 0, sizeof config);
    config.vendor = "unit";
    config.model_id = "kws01";
    config.input = input;
    config.input_capacity = sizeof input;
    config.input_bytes = 8;
    config.result_count = 2;
    config.put = put;
    config.micros = micros;
    config.pulse = pulse;
    config.load = load;
    config.infer = infer;
    config.result = result;
    return config;
}

static tr_dut dut;

#define REFUSED_WITHOUT(change)                                  \
    do {                                                         \
        tr_dut_config config = complete();                       \
        change;                                                  \
        CHECK(!tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE)); \
    } while (0)

static void incomplete_configurations_are_refused(void)
{
    tr_dut_config config = complete();

    CHECK(tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE));
    CHECK(tr_dut_init(&dut, &config, TR_MODE_ENERGY));
    CHECK(!tr_dut_init(&dut, NULL, TR_MODE_PERFORMANCE));
    REFUSED_WITHOUT(config.vendor = NULL);
    REFUSED_WITHOUT(config.model_id = NULL);
    REFUSED_WITHOUT(config.input = NULL);
    REFUSED_WITHOUT(config.input_bytes = 0);
    REFUSED_WITHOUT(config.input_bytes = 17);
    REFUSED_WITHOUT(config.input_capacity = 2147483648U);
    REFUSED_WITHOUT(config.result_count = 0);
    REFUSED_WITHOUT(config.put = NULL);
    REFUSED_WITHOUT(config.micros = NULL);
    REFUSED_WITHOUT(config.load = NULL);
    REFUSED_WITHOUT(config.infer = NULL);
    REFUSED_WITHOUT(config.result = NULL);
    config.pulse = NULL;
    CHECK(tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE));
    CHECK(!tr_dut_init(&dut, &config, TR_MODE_ENERGY));
    config = complete();
    config.micros = NULL;
    CHECK(tr_dut_init(&dut, &config, TR_MODE_ENERGY) == !TR_WIRE_EXTENSION);
}

static void send(const char *text)
{
    while (*text != '\0') {
        tr_dut_receive(&dut, (uint8_t)*text++);
    }
}

static void the_ring_is_bounded(void)
{
    const tr_dut_config config = complete();
    size_t i;
    int round;

    CHECK(tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE));
    CHECK(tr_dut_room(&dut) == TR_RING_BYTES - 1);
    send("name");
    CHECK(tr_dut_room(&dut) == TR_RING_BYTES - 5);
    CHECK(!tr_dut_poll(&dut));
    CHECK(tr_dut_room(&dut) == TR_RING_BYTES - 1);
    for (round = 0; round < 300; round++) {
        for (i = 0; i < TR_RING_BYTES; i++) {
            CHECK(tr_dut_room(&dut) == TR_RING_BYTES - 1 - i);
            tr_dut_receive(&dut, 'x');
        }
        CHECK(tr_dut_room(&dut) == 0);
        said_bytes = 0;
        while (tr_dut_poll(&dut)) {
        }
        said[said_bytes] = '\0';
        CHECK(strcmp(said, "e-[Receive buffer overflow, input lost]\r\nm-ready\r\n") == 0);
    }
}

static void nothing_is_taken_after_a_loss_until_it_is_answered(void)
{
    const tr_dut_config config = complete();
    size_t i;

    CHECK(tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE));
    for (i = 0; i < TR_RING_BYTES; i++) {
        tr_dut_receive(&dut, (uint8_t)(i == 9 ? '%' : 'x'));
    }
    said_bytes = 0;
    CHECK(tr_dut_poll(&dut)); /* the first command; there is room again, but not for the rest */
    send("name%");
    CHECK(tr_dut_room(&dut) == 0);
    while (tr_dut_poll(&dut)) {
    }
    said[said_bytes] = '\0';
    CHECK(strcmp(said, "e-[Unknown command: xxxxxxxxx]\r\nm-ready\r\n"
                       "e-[Receive buffer overflow, input lost]\r\nm-ready\r\n") == 0);
}

/* Else a port that sleeps when there is nothing to do would sleep on it. */
static void what_came_behind_a_block_is_to_be_done(void)
{
#if TR_WIRE_EXTENSION
    static const char begin[] = "xdb load 1 e8b7be43 bin%";
    const tr_dut_config config = complete();
    size_t i;

    CHECK(tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE));
    for (i = 0; i < sizeof begin - 1; i++) {
        tr_dut_receive(&dut, (uint8_t)begin[i]);
        (void)tr_dut_poll(&dut);
    }
    said_bytes = 0;
    send("a\xe8\xb7\xbe\x43");
    send("name%");
    CHECK(tr_dut_poll(&dut));
    CHECK(tr_dut_poll(&dut));
    CHECK(!tr_dut_poll(&dut));
    said[said_bytes] = '\0';
    CHECK(strcmp(said, "m-load-done\r\nm-ready\r\nm-name-dut-[unit]\r\nm-ready\r\n") == 0);
#endif
}

static void the_whole_clock_is_printed(void)
{
    const tr_dut_config config = complete();

    CHECK(tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE));
    said_bytes = 0;
    tr_dut_boot(&dut);
    said[said_bytes] = '\0';
    CHECK(strstr(said, "m-lap-us-4294967295\r\n") != NULL);
}

#if TR_OWN_COMMANDS
static unsigned calls;

static void set_pin(void *user, bool high)
{
    (void)user;
    (void)high;
}

static void call(void *user)
{
    (void)user;
    calls++;
}

static void infer_features(void *user, const int8_t *features, int8_t *output)
{
    (void)user;
    memcpy(output, features, TR_STREAM_OUTPUTS);
}

static tr_stream stream;

#define STREAM_REFUSED_WITH(change)               \
    do {                                          \
        tr_stream_config config = whole;          \
        change;                                   \
        CHECK(!tr_stream_init(&stream, &config)); \
    } while (0)

static void incomplete_streams_are_refused(void)
{
    const tr_stream_config whole = {NULL, set_pin, call, set_pin, infer_features, NULL, 0};
    const int16_t samples[TR_FRAME_SAMPLES] = {0};

    CHECK(!tr_stream_init(&stream, NULL));
    STREAM_REFUSED_WITH(config.set_processing = NULL);
    STREAM_REFUSED_WITH(config.signal_detection = NULL);
    STREAM_REFUSED_WITH(config.listen = NULL);
    STREAM_REFUSED_WITH(config.infer = NULL);
    STREAM_REFUSED_WITH(config.activation_capacity = 1);
    CHECK(tr_stream_init(&stream, &whole));
    tr_stream_frame(&stream, samples, 1); /* a DMA's last half, behind `stop` */
    CHECK(calls == 0);
}

static void a_device_without_own_commands_has_none(void)
{
    const tr_dut_config config = complete();

    CHECK(tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE));
    said_bytes = 0;
    send("start%help%");
    while (tr_dut_poll(&dut)) {
    }
    said[said_bytes] = '\0';
    CHECK(strstr(said, "e-[Unknown command: start]\r\nm-ready\r\n") == said);
}
#endif

int main(void)
{
#if TR_OWN_COMMANDS
    incomplete_streams_are_refused();
    a_device_without_own_commands_has_none();
#endif
    incomplete_configurations_are_refused();
    the_ring_is_bounded();
    nothing_is_taken_after_a_loss_until_it_is_answered();
    what_came_behind_a_block_is_to_be_done();
    the_whole_clock_is_printed();
    return failures > 0;
}
