/* A stand-in. After FreeRTOS/FreeRTOS-Kernel, include/projdefs.h, and the port of ESP-IDF,
 * components/freertos/FreeRTOS-Kernel/portable: portMAX_DELAY, xPortGetCoreID(). */
#ifndef STAND_IN_FREERTOS_H
#define STAND_IN_FREERTOS_H

#include <stdint.h>

typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;

#define pdTRUE ((BaseType_t)1)
#define pdPASS pdTRUE
#define portMAX_DELAY ((TickType_t)0xffffffffUL)

BaseType_t xPortGetCoreID(void);

#endif
