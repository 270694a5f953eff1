/* A stand-in. After FreeRTOS/FreeRTOS-Kernel, include/task.h, where some are macros, and ESP-IDF's
 * xTaskCreatePinnedToCore() (components/freertos/esp_additions). */
#ifndef STAND_IN_TASK_H
#define STAND_IN_TASK_H

#include "freertos/FreeRTOS.h"

typedef struct tskTaskControlBlock *TaskHandle_t;
typedef void (*TaskFunction_t)(void *);

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t code, const char *const name,
                                   const uint32_t stack_depth, void *const parameters,
                                   UBaseType_t priority, TaskHandle_t *const created,
                                   const BaseType_t core);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
BaseType_t xTaskNotifyGive(TaskHandle_t task);
uint32_t ulTaskNotifyTake(BaseType_t clear_on_exit, TickType_t ticks_to_wait);

#endif
