/* A stand-in. After zephyrproject-rtos/zephyr, include/zephyr/device.h: device_is_ready(),
 * DEVICE_DT_GET(); include/zephyr/devicetree.h: DT_ALIAS(), DT_PATH(). A node is a name here. */
#ifndef STAND_IN_DEVICE_H
#define STAND_IN_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device {
    const char *name;
};

#define DT_ALIAS(alias) alias_##alias
#define DT_PATH(node) path_##node
#define STAND_IN_DEVICE(node) device_##node
#define DEVICE_DT_GET(node) (&STAND_IN_DEVICE(node))

extern const struct device device_alias_tinyrunner_uart;
extern const struct device device_alias_tinyrunner_counter;

bool device_is_ready(const struct device *dev);

#endif
