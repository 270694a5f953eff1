// SPDX-License-Identifier: Apache-2.0
// A board with Arduino's core as a benchmark device: performance mode on `Serial`.
//
// Put your network into load(), infer() and result(); what stands there now only adds up bytes, so
// that the sketch can be flashed and tried with `tinyrunner check --dut PORT --task kws`.
#include <tinyrunner_dut.h>

static const uint32_t INPUT_BYTES = 490;
static const uint32_t SCORES = 12;
static const uint8_t TIMESTAMP_PIN = 2;
static const unsigned long BAUD_RATE = 115200;

static uint8_t input[INPUT_BYTES];
static uint8_t tensor[INPUT_BYTES];
static float scores[SCORES];
static tr_dut dut;

static void put(void *, const char *bytes, size_t count)
{
    Serial.write(reinterpret_cast<const uint8_t *>(bytes), count);
}

static uint32_t microseconds(void *)
{
    return micros();
}

// Only in energy mode: the monitor or the IO manager looks for the falling edge.
static void pulse(void *)
{
    digitalWrite(TIMESTAMP_PIN, LOW);
    delayMicroseconds(2);
    digitalWrite(TIMESTAMP_PIN, HIGH);
}

static void load(void *, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        tensor[i] = bytes[i];
    }
}

static void infer(void *)
{
    uint32_t sums[SCORES];
    uint32_t all = 0;

    for (uint32_t score = 0; score < SCORES; score++) {
        sums[score] = 1;
        for (uint32_t i = score; i < INPUT_BYTES; i += SCORES) {
            sums[score] += tensor[i];
        }
        all += sums[score];
    }
    for (uint32_t score = 0; score < SCORES; score++) {
        scores[score] = static_cast<float>(sums[score]) / static_cast<float>(all);
    }
}

static float result(void *, uint32_t index)
{
    return scores[index];
}

static tr_dut_config config;

void setup()
{
    Serial.begin(BAUD_RATE);
    while (!Serial) { // a USB port that nobody has opened yet
    }
    pinMode(TIMESTAMP_PIN, OUTPUT);
    digitalWrite(TIMESTAMP_PIN, HIGH);

    config.vendor = "my-board";
    config.model_id = "kws01";
    config.input = input;
    config.input_capacity = sizeof input;
    config.input_bytes = INPUT_BYTES;
    config.result_count = SCORES;
    config.put = put;
    config.micros = microseconds;
    config.pulse = pulse;
    config.load = load;
    config.infer = infer;
    config.result = result;
    if (tr_dut_init(&dut, &config, TR_MODE_PERFORMANCE)) {
        tr_dut_boot(&dut);
    } else {
        Serial.write(reinterpret_cast<const uint8_t *>("e-[config]\r\n"), 12);
        for (;;) {
        }
    }
}

void loop()
{
    // Arduino's core has a receive interrupt and a small buffer of its own, and no hook into it.
    while (Serial.available() > 0 && tr_dut_room(&dut) > 0) {
        tr_dut_receive(&dut, static_cast<uint8_t>(Serial.read()));
    }
    tr_dut_poll(&dut);
}
