/* Zephyr's functions on this computer. The counter has 16 bits, runs at 16 MHz, and down where
 * COUNTS_DOWN; each look at it takes 1250 us. */
#include <zephyr/device.h>
#include <zephyr/drivers/counter.h>
#include <zephyr/drivers/gpio.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/irq.h>
#include <zephyr/kernel.h>

#include "../talk.h"

#ifndef COUNTS_DOWN
#define COUNTS_DOWN false
#endif

#define TOP 0xFFFFU
#define TICKS_A_LOOK 20000U

const struct device device_alias_tinyrunner_uart = {"uart"};
const struct device device_alias_tinyrunner_counter = {"counter"};
const struct device device_path_zephyr_user = {"gpio"};

static uart_irq_callback_user_data_t on_uart;
static counter_top_callback_t on_turn;
static bool runs;
static uint32_t count;

bool device_is_ready(const struct device *dev)
{
    return dev->name != NULL;
}

void k_panic(void)
{
    talk_fail("panic");
}

unsigned int irq_lock(void)
{
    return 7;
}

void irq_unlock(unsigned int key)
{
    if (key != 7) {
        talk_fail("unlocked with another key");
    }
}

void k_cpu_atomic_idle(unsigned int key)
{
    irq_unlock(key);
    talk_fail("slept with commands unanswered");
}

bool gpio_is_ready_dt(const struct gpio_dt_spec *spec)
{
    return spec->port == &device_path_zephyr_user;
}

int gpio_pin_configure_dt(const struct gpio_dt_spec *spec, gpio_flags_t extra_flags)
{
    talk_set_pin(extra_flags == GPIO_OUTPUT_ACTIVE);
    return gpio_is_ready_dt(spec) ? 0 : -1;
}

int gpio_pin_set_dt(const struct gpio_dt_spec *spec, int value)
{
    talk_set_pin(value != 0);
    return gpio_is_ready_dt(spec) ? 0 : -1;
}

int uart_configure(const struct device *dev, const struct uart_config *cfg)
{
    return dev == &device_alias_tinyrunner_uart && cfg->baudrate == 115200 ? 0 : -1;
}

void uart_poll_out(const struct device *dev, unsigned char out_char)
{
    (void)dev;
    talk_send(&out_char, 1);
}

int uart_irq_callback_user_data_set(const struct device *dev, uart_irq_callback_user_data_t cb,
                                    void *user_data)
{
    (void)dev;
    (void)user_data;
    on_uart = cb;
    return 0;
}

/* All comes before the boot banner, in interrupts of some bytes. */
void uart_irq_rx_enable(const struct device *dev)
{
    while (talk_has_next()) {
        on_uart(dev, NULL);
    }
}

static int left_in_fifo;

int uart_irq_update(const struct device *dev)
{
    (void)dev;
    left_in_fifo = 3;
    return 1;
}

int uart_irq_rx_ready(const struct device *dev)
{
    (void)dev;
    return left_in_fifo > 0 && talk_has_next();
}

int uart_fifo_read(const struct device *dev, uint8_t *rx_data, const int size)
{
    (void)dev;
    if (size != 1) {
        talk_fail("the FIFO is read byte by byte");
    }
    *rx_data = talk_next();
    left_in_fifo--;
    return 1;
}

bool counter_is_counting_up(const struct device *dev)
{
    (void)dev;
    return !COUNTS_DOWN;
}

uint32_t counter_get_frequency(const struct device *dev)
{
    (void)dev;
    return 16000000;
}

uint32_t counter_get_max_top_value(const struct device *dev)
{
    (void)dev;
    return TOP;
}

int counter_set_top_value(const struct device *dev, const struct counter_top_cfg *cfg)
{
    (void)dev;
    on_turn = cfg->callback;
    return cfg->ticks == TOP ? 0 : -1;
}

int counter_start(const struct device *dev)
{
    (void)dev;
    runs = true;
    return 0;
}

int counter_get_value(const struct device *dev, uint32_t *ticks)
{
    count += TICKS_A_LOOK;
    if (count > TOP) {
        count -= TOP + 1;
        on_turn(dev, NULL);
    }
    *ticks = COUNTS_DOWN ? TOP - count : count;
    return runs ? 0 : -1;
}
