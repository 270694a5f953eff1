/* A stand-in. After zephyrproject-rtos/zephyr, include/zephyr/kernel.h: k_cpu_atomic_idle(),
 * k_panic(), which is a macro there. */
#ifndef STAND_IN_KERNEL_H
#define STAND_IN_KERNEL_H

#include <zephyr/device.h>

void k_cpu_atomic_idle(unsigned int key);
void k_panic(void);

#endif
