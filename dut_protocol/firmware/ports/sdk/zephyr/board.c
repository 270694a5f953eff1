/* SPDX-License-Identifier: Apache-2.0 */
/* A board that runs Zephyr: its uart, counter and gpio drivers. The devicetree names them: the
 * aliases tinyrunner-uart and tinyrunner-counter, and timestamp-gpios of /zephyr,user. */
#include "board.h"

#include <zephyr/device.h>
#include <zephyr/drivers/counter.h>
#include <zephyr/drivers/gpio.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/irq.h>
#include <zephyr/kernel.h>

#ifndef BOARD_BAUD_RATE
#define BOARD_BAUD_RATE 115200
#endif

#define MICROSECONDS 1000000U

static const struct device *const uart = DEVICE_DT_GET(DT_ALIAS(tinyrunner_uart));
static const struct device *const counter = DEVICE_DT_GET(DT_ALIAS(tinyrunner_counter));
static const struct gpio_dt_spec timestamp_pin =
    GPIO_DT_SPEC_GET(DT_PATH(zephyr_user), timestamp_gpios);

static uint32_t counter_top;
static uint32_t counter_hz;
static volatile uint32_t turns; /* how often the counter has begun anew */

/* A board that lacks something stops here, where a debugger finds it; the host sees no answer. */
static void need(bool fulfilled)
{
    if (!fulfilled) {
        k_panic();
    }
}

static void on_turn(const struct device *device, void *user_data)
{
    (void)device;
    (void)user_data;
    turns++;
}

static void on_uart(const struct device *device, void *user_data)
{
    uint8_t byte;

    (void)user_data;
    if (uart_irq_update(device) <= 0) {
        return;
    }
    while (uart_irq_rx_ready(device) > 0 && uart_fifo_read(device, &byte, 1) == 1) {
        UART_RX_Handler(byte);
    }
}

static void start_counter(void)
{
    struct counter_top_cfg top = {0};

    need(device_is_ready(counter));
    counter_top = counter_get_max_top_value(counter);
    counter_hz = counter_get_frequency(counter);
    top.ticks = counter_top;
    top.callback = on_turn;
    /* A counter slower than 1 MHz has no microseconds to give. */
    need(counter_hz >= MICROSECONDS);
    need(counter_set_top_value(counter, &top) == 0);
    need(counter_start(counter) == 0);
}

void board_init(void)
{
    const struct uart_config settings = {
        .baudrate = BOARD_BAUD_RATE,
        .parity = UART_CFG_PARITY_NONE,
        .stop_bits = UART_CFG_STOP_BITS_1,
        .data_bits = UART_CFG_DATA_BITS_8,
        .flow_ctrl = UART_CFG_FLOW_CTRL_NONE,
    };

    need(gpio_is_ready_dt(&timestamp_pin));
    need(gpio_pin_configure_dt(&timestamp_pin, GPIO_OUTPUT_ACTIVE) == 0);
    need(device_is_ready(uart));
    need(uart_configure(uart, &settings) == 0);
    need(uart_irq_callback_user_data_set(uart, on_uart, NULL) == 0);
    start_counter();
}

void board_enable_uart_interrupt(void)
{
    uart_irq_rx_enable(uart);
}

void board_uart_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uart_poll_out(uart, (unsigned char)bytes[i]);
    }
}

/* Ticks since the start. The turn and the count belong together: where a turn came in between, ask
 * again. The turn's interrupt is taken at once, because nobody calls this with interrupts off. */
static uint64_t ticks_so_far(void)
{
    uint32_t turn;
    uint32_t count = 0;

    do {
        turn = turns;
        need(counter_get_value(counter, &count) == 0);
    } while (turn != turns);
    if (!counter_is_counting_up(counter)) {
        count = counter_top - count;
    }
    return (uint64_t)turn * ((uint64_t)counter_top + 1U) + count;
}

uint32_t board_micros(void)
{
    const uint64_t ticks = ticks_so_far();
    const uint64_t rest = ticks % counter_hz;

    return (uint32_t)(ticks / counter_hz * MICROSECONDS + rest * MICROSECONDS / counter_hz);
}

void board_set_timestamp_pin(int high)
{
    (void)gpio_pin_set_dt(&timestamp_pin, high);
}

void board_sleep(bool (*is_idle)(void))
{
    const unsigned int key = irq_lock();

    if (is_idle()) {
        k_cpu_atomic_idle(key); /* an interrupt that comes now ends it, and is served after it */
    } else {
        irq_unlock(key);
    }
}
