/* ESP-IDF's and FreeRTOS's functions on this computer: a task runs until it would wait for ever. */
#include <setjmp.h>
#include <string.h>

#include "../talk.h"
#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp_timer.h"
#include "freertos/task.h"

void app_main(void);

static jmp_buf waiting;
static bool installed;
static uint32_t notifications;

int main(void)
{
    app_main();
    return 1;
}

void stand_in_abort(void)
{
    talk_fail("an ESP_ERROR_CHECK failed");
}

esp_err_t gpio_reset_pin(gpio_num_t gpio_num)
{
    return gpio_num == 4 ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t gpio_set_level(gpio_num_t gpio_num, uint32_t level)
{
    talk_set_pin(level != 0);
    return gpio_reset_pin(gpio_num);
}

esp_err_t gpio_set_direction(gpio_num_t gpio_num, gpio_mode_t mode)
{
    return mode == GPIO_MODE_OUTPUT ? gpio_reset_pin(gpio_num) : ESP_ERR_NO_MEM;
}

esp_err_t uart_driver_install(uart_port_t uart_num, int rx_buffer_size, int tx_buffer_size,
                              int queue_size, QueueHandle_t *uart_queue, int intr_alloc_flags)
{
    installed = uart_num == UART_NUM_0 && rx_buffer_size > 128 && tx_buffer_size == 0 &&
                queue_size == 0 && uart_queue == NULL && intr_alloc_flags == 0;
    return installed ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t uart_param_config(uart_port_t uart_num, const uart_config_t *uart_config)
{
    return uart_num == UART_NUM_0 && uart_config->baud_rate == 115200 &&
                   uart_config->source_clk == UART_SCLK_DEFAULT
               ? ESP_OK
               : ESP_ERR_NO_MEM;
}

esp_err_t uart_set_pin(uart_port_t uart_num, int tx_io_num, int rx_io_num, int rts_io_num,
                       int cts_io_num)
{
    const bool others = rts_io_num != UART_PIN_NO_CHANGE || cts_io_num != UART_PIN_NO_CHANGE;

    return uart_num == UART_NUM_0 && tx_io_num == 43 && rx_io_num == 44 && !others ? ESP_OK
                                                                                   : ESP_ERR_NO_MEM;
}

int uart_write_bytes(uart_port_t uart_num, const void *src, size_t size)
{
    (void)uart_num;
    talk_send(src, size);
    return (int)size;
}

int uart_read_bytes(uart_port_t uart_num, void *buf, uint32_t length, uint32_t ticks_to_wait)
{
    uint8_t *bytes = buf;
    uint32_t count = 0;

    (void)uart_num;
    while (installed && count < length && talk_has_next()) {
        bytes[count++] = talk_next();
    }
    if (count < length && ticks_to_wait == portMAX_DELAY) {
        longjmp(waiting, 1);
    }
    return (int)count;
}

BaseType_t xPortGetCoreID(void)
{
    return 0;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return (TaskHandle_t)(void *)&installed;
}

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t code, const char *const name,
                                   const uint32_t stack_depth, void *const parameters,
                                   UBaseType_t priority, TaskHandle_t *const created,
                                   const BaseType_t core)
{
    if (strlen(name) == 0 || stack_depth < 1024 || priority <= 1 || created != NULL || core != 0) {
        talk_fail("the task's settings");
    }
    if (setjmp(waiting) == 0) {
        code(parameters);
    }
    return pdPASS;
}

BaseType_t xTaskNotifyGive(TaskHandle_t task)
{
    notifications += task == xTaskGetCurrentTaskHandle();
    return pdPASS;
}

uint32_t ulTaskNotifyTake(BaseType_t clear_on_exit, TickType_t ticks_to_wait)
{
    const uint32_t taken = notifications;

    (void)ticks_to_wait;
    if (taken == 0 || clear_on_exit != pdTRUE) {
        talk_fail("slept with commands unanswered");
    }
    notifications = 0;
    return taken;
}

int64_t esp_timer_get_time(void)
{
    static int64_t micros = INT64_C(1) << 33;

    micros += 625;
    return micros;
}
