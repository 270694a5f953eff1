/* A stand-in. After zephyrproject-rtos/zephyr, include/zephyr/drivers/uart.h. */
#ifndef STAND_IN_UART_H
#define STAND_IN_UART_H

#include <zephyr/device.h>

enum uart_config_parity {
    UART_CFG_PARITY_NONE
};
enum uart_config_stop_bits {
    UART_CFG_STOP_BITS_0_5,
    UART_CFG_STOP_BITS_1
};
enum uart_config_data_bits {
    UART_CFG_DATA_BITS_5,
    UART_CFG_DATA_BITS_8 = 3
};
enum uart_config_flow_control {
    UART_CFG_FLOW_CTRL_NONE
};

struct uart_config {
    uint32_t baudrate;
    uint8_t parity;
    uint8_t stop_bits;
    uint8_t data_bits;
    uint8_t flow_ctrl;
};

typedef void (*uart_irq_callback_user_data_t)(const struct device *dev, void *user_data);

int uart_configure(const struct device *dev, const struct uart_config *cfg);
void uart_poll_out(const struct device *dev, unsigned char out_char);
int uart_fifo_read(const struct device *dev, uint8_t *rx_data, const int size);
void uart_irq_rx_enable(const struct device *dev);
int uart_irq_rx_ready(const struct device *dev);
int uart_irq_update(const struct device *dev);
int uart_irq_callback_user_data_set(const struct device *dev, uart_irq_callback_user_data_t cb,
                                    void *user_data);

#endif
