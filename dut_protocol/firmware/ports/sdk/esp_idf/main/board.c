/* SPDX-License-Identifier: Apache-2.0 */
/* A board with ESP-IDF: its uart driver, esp_timer and a GPIO. The driver has the receive interrupt
 * and a buffer; a task of a higher priority passes on what is in it, as an interrupt would. */
#include "board.h"

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp_err.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "soc/uart_pins.h"

#ifndef BOARD_BAUD_RATE
#define BOARD_BAUD_RATE 115200
#endif

/* UART 0 at its usual pins: the port that boards have on their USB connector. */
#ifndef BOARD_UART
#define BOARD_UART UART_NUM_0
#define BOARD_UART_TX_PIN U0TXD_GPIO_NUM
#define BOARD_UART_RX_PIN U0RXD_GPIO_NUM
#endif

#ifndef BOARD_TIMESTAMP_PIN
#define BOARD_TIMESTAMP_PIN 4
#endif

/* More than the hardware's FIFO, as the driver demands, and more than a host sends at once. */
#define DRIVER_BYTES 4096

/* Above app_main()'s, which is 1. */
#define RECEIVE_PRIORITY 10
#define RECEIVE_STACK_BYTES 2048

/* port.c's main(), under another name. */
int port_main(void);

void app_main(void);

static TaskHandle_t main_task;

void board_init(void)
{
    const gpio_num_t pin = (gpio_num_t)BOARD_TIMESTAMP_PIN;
    const uart_config_t settings = {
        .baud_rate = BOARD_BAUD_RATE,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };

    ESP_ERROR_CHECK(gpio_reset_pin(pin));
    ESP_ERROR_CHECK(gpio_set_level(pin, 1)); /* before it is an output: no pulse at boot */
    ESP_ERROR_CHECK(gpio_set_direction(pin, GPIO_MODE_OUTPUT));
    ESP_ERROR_CHECK(uart_driver_install(BOARD_UART, DRIVER_BYTES, 0, 0, NULL, 0));
    ESP_ERROR_CHECK(uart_param_config(BOARD_UART, &settings));
    ESP_ERROR_CHECK(uart_set_pin(BOARD_UART, BOARD_UART_TX_PIN, BOARD_UART_RX_PIN,
                                 UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE));
}

/* Waits for one byte, and fetches those behind it without waiting. */
static void receive(void *unused)
{
    uint8_t bytes[64];

    (void)unused;
    for (;;) {
        int count = uart_read_bytes(BOARD_UART, bytes, 1, portMAX_DELAY);

        while (count > 0) {
            for (int i = 0; i < count; i++) {
                UART_RX_Handler(bytes[i]);
            }
            count = uart_read_bytes(BOARD_UART, bytes, sizeof bytes, 0);
        }
        xTaskNotifyGive(main_task);
    }
}

/* On the core of the main loop: the library's ring demands it. */
void board_enable_uart_interrupt(void)
{
    main_task = xTaskGetCurrentTaskHandle();
    if (xTaskCreatePinnedToCore(receive, "receive", RECEIVE_STACK_BYTES, NULL, RECEIVE_PRIORITY,
                                NULL, xPortGetCoreID()) != pdPASS) {
        ESP_ERROR_CHECK(ESP_ERR_NO_MEM);
    }
}

void board_uart_send(const char *bytes, size_t count)
{
    (void)uart_write_bytes(BOARD_UART, bytes, count);
}

uint32_t board_micros(void)
{
    return (uint32_t)esp_timer_get_time();
}

void board_set_timestamp_pin(int high)
{
    (void)gpio_set_level((gpio_num_t)BOARD_TIMESTAMP_PIN, high != 0);
}

/* A tick at most, in which FreeRTOS runs its idle task. A byte that comes between the question and
 * the wait has left its notification. */
void board_sleep(bool (*is_idle)(void))
{
    if (is_idle()) {
        (void)ulTaskNotifyTake(pdTRUE, 1);
    }
}

void app_main(void)
{
    (void)port_main();
}
