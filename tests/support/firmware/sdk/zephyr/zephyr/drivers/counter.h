/* A stand-in. After zephyrproject-rtos/zephyr, include/zephyr/drivers/counter.h. */
#ifndef STAND_IN_COUNTER_H
#define STAND_IN_COUNTER_H

#include <zephyr/device.h>

typedef void (*counter_top_callback_t)(const struct device *dev, void *user_data);

struct counter_top_cfg {
    uint32_t ticks;
    counter_top_callback_t callback;
    void *user_data;
    uint32_t flags;
};

bool counter_is_counting_up(const struct device *dev);
uint32_t counter_get_frequency(const struct device *dev);
uint32_t counter_get_max_top_value(const struct device *dev);
int counter_start(const struct device *dev);
int counter_get_value(const struct device *dev, uint32_t *ticks);
int counter_set_top_value(const struct device *dev, const struct counter_top_cfg *cfg);

#endif
