/* The Pico SDK's functions on this computer. */
#include "../talk.h"
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "hardware/uart.h"

struct uart_inst {
    uint baud_rate;
};

static uart_inst_t uart;
uart_inst_t *const stand_in_uart = &uart;
static irq_handler_t on_uart;
static bool enabled;
static bool level;
static uint left_in_fifo;

void gpio_init(uint gpio)
{
    level = gpio != 2;
}

void gpio_put(uint gpio, bool value)
{
    level = value && gpio == 2;
    talk_set_pin(level);
}

void gpio_set_dir(uint gpio, bool out)
{
    if (gpio != 2 || !out || !level) {
        talk_fail("the timestamp pin is low when it becomes an output");
    }
}

void gpio_set_function(uint gpio, gpio_function_t fn)
{
    if (gpio > 1 || fn != GPIO_FUNC_UART) {
        talk_fail("a pin's function");
    }
}

void irq_set_exclusive_handler(uint num, irq_handler_t handler)
{
    on_uart = num == UART0_IRQ ? handler : NULL;
}

void irq_set_enabled(uint num, bool on)
{
    enabled = num == UART0_IRQ && on;
}

uint32_t save_and_disable_interrupts(void)
{
    return 1;
}

void restore_interrupts(uint32_t status)
{
    if (status != 1) {
        talk_fail("restored another state");
    }
}

void __wfi(void)
{
    talk_fail("slept with commands unanswered");
}

uint32_t time_us_32(void)
{
    static uint32_t micros;

    micros += 625;
    return micros;
}

uint uart_get_index(uart_inst_t *instance)
{
    return instance == &uart ? 0 : 1;
}

uint uart_init(uart_inst_t *instance, uint baudrate)
{
    instance->baud_rate = baudrate;
    return baudrate;
}

void uart_set_irq_enables(uart_inst_t *instance, bool rx_has_data, bool tx_needs_data)
{
    if (!enabled || !rx_has_data || tx_needs_data || instance->baud_rate != 115200) {
        talk_fail("the UART's interrupt");
    }
    while (talk_has_next()) {
        left_in_fifo = 4;
        on_uart();
    }
}

bool uart_is_readable(uart_inst_t *instance)
{
    (void)instance;
    return left_in_fifo > 0 && talk_has_next();
}

void uart_write_blocking(uart_inst_t *instance, const uint8_t *src, size_t len)
{
    (void)instance;
    talk_send(src, len);
}

char uart_getc(uart_inst_t *instance)
{
    (void)instance;
    left_in_fifo--;
    return (char)talk_next();
}
