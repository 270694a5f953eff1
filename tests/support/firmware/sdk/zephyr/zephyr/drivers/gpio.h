/* A stand-in. After zephyrproject-rtos/zephyr, include/zephyr/drivers/gpio.h. */
#ifndef STAND_IN_GPIO_H
#define STAND_IN_GPIO_H

#include <zephyr/device.h>

typedef uint8_t gpio_pin_t;
typedef uint16_t gpio_dt_flags_t;
typedef uint32_t gpio_flags_t;

struct gpio_dt_spec {
    const struct device *port;
    gpio_pin_t pin;
    gpio_dt_flags_t dt_flags;
};

/* Their values are Zephyr's own business. */
#define GPIO_OUTPUT_ACTIVE ((gpio_flags_t)3)
#define GPIO_DT_SPEC_GET(node, property) \
    {                                    \
        &STAND_IN_DEVICE(node), 0, 0     \
    }

extern const struct device device_path_zephyr_user;

bool gpio_is_ready_dt(const struct gpio_dt_spec *spec);
int gpio_pin_configure_dt(const struct gpio_dt_spec *spec, gpio_flags_t extra_flags);
int gpio_pin_set_dt(const struct gpio_dt_spec *spec, int value);

#endif
