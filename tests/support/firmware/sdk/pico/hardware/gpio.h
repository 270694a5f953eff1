/* A stand-in. After raspberrypi/pico-sdk, src/rp2_common/hardware_gpio/include/hardware/gpio.h. */
#ifndef STAND_IN_HARDWARE_GPIO_H
#define STAND_IN_HARDWARE_GPIO_H

#include "pico/stdlib.h"

typedef enum gpio_function {
    GPIO_FUNC_UART = 2
} gpio_function_t;

#define GPIO_OUT true

void gpio_init(uint gpio);
void gpio_put(uint gpio, bool value);
void gpio_set_dir(uint gpio, bool out);
void gpio_set_function(uint gpio, gpio_function_t fn);

#endif
