/* A stand-in. After espressif/esp-idf, components/esp_driver_uart/include/driver/uart.h;
 * the types are those of its hal/uart_types.h. uart_set_pin() is a macro of 5 or 7 arguments there.
 */
#ifndef STAND_IN_DRIVER_UART_H
#define STAND_IN_DRIVER_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"

#define UART_PIN_NO_CHANGE (-1)

typedef enum {
    UART_NUM_0,
    UART_NUM_1,
    UART_NUM_MAX
} uart_port_t;
typedef enum {
    UART_DATA_5_BITS,
    UART_DATA_8_BITS = 3
} uart_word_length_t;
typedef enum {
    UART_PARITY_DISABLE
} uart_parity_t;
typedef enum {
    UART_STOP_BITS_1 = 1
} uart_stop_bits_t;
typedef enum {
    UART_HW_FLOWCTRL_DISABLE
} uart_hw_flowcontrol_t;
typedef enum {
    UART_SCLK_DEFAULT = 4
} uart_sclk_t;
typedef struct stand_in_queue *QueueHandle_t;

typedef struct {
    int baud_rate;
    uart_word_length_t data_bits;
    uart_parity_t parity;
    uart_stop_bits_t stop_bits;
    uart_hw_flowcontrol_t flow_ctrl;
    uint8_t rx_flow_ctrl_thresh;
    uint32_t rx_glitch_filt_thresh;
    uart_sclk_t source_clk;
} uart_config_t;

esp_err_t uart_driver_install(uart_port_t uart_num, int rx_buffer_size, int tx_buffer_size,
                              int queue_size, QueueHandle_t *uart_queue, int intr_alloc_flags);
esp_err_t uart_param_config(uart_port_t uart_num, const uart_config_t *uart_config);
esp_err_t uart_set_pin(uart_port_t uart_num, int tx_io_num, int rx_io_num, int rts_io_num,
                       int cts_io_num);
int uart_write_bytes(uart_port_t uart_num, const void *src, size_t size);
int uart_read_bytes(uart_port_t uart_num, void *buf, uint32_t length, uint32_t ticks_to_wait);

#endif
