/* A stand-in of what STM32CubeMX writes for a pin labelled TIMESTAMP, and of ST's HAL. After
 * STMicroelectronics' stm32f4xx_hal_{def,uart,tim,gpio,dma}.h, and cmsis_gcc.h of Arm's CMSIS. */
#ifndef STAND_IN_MAIN_H
#define STAND_IN_MAIN_H

#include <stdint.h>

typedef enum {
    HAL_OK,
    HAL_ERROR,
    HAL_BUSY,
    HAL_TIMEOUT
} HAL_StatusTypeDef;
typedef enum {
    GPIO_PIN_RESET,
    GPIO_PIN_SET
} GPIO_PinState;
typedef uint32_t HAL_UART_StateTypeDef;

typedef struct {
    volatile uint32_t NDTR;
} DMA_Stream_TypeDef;
typedef struct {
    DMA_Stream_TypeDef *Instance;
} DMA_HandleTypeDef;
typedef struct {
    DMA_HandleTypeDef *hdmarx;
    volatile HAL_UART_StateTypeDef RxState;
} UART_HandleTypeDef;
typedef struct {
    volatile uint32_t CNT;
    volatile uint32_t ARR;
} TIM_TypeDef;
typedef struct {
    TIM_TypeDef *Instance;
} TIM_HandleTypeDef;
typedef struct {
    volatile uint32_t ODR;
} GPIO_TypeDef;

#define HAL_MAX_DELAY 0xFFFFFFFFU
#define HAL_UART_STATE_READY 0x00000020U
#define HAL_UART_STATE_BUSY_RX 0x00000022U
#define __HAL_DMA_GET_COUNTER(handle) ((handle)->Instance->NDTR)
#define __HAL_TIM_GET_COUNTER(handle) (++(handle)->Instance->CNT) /* a look takes a microsecond */
#define __HAL_TIM_GET_AUTORELOAD(handle) ((handle)->Instance->ARR)

extern GPIO_TypeDef stand_in_port;
#define TIMESTAMP_GPIO_Port (&stand_in_port)
#define TIMESTAMP_Pin ((uint16_t)0x0001)

HAL_StatusTypeDef HAL_TIM_Base_Start(TIM_HandleTypeDef *htim);
HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, const uint8_t *pData, uint16_t Size,
                                    uint32_t Timeout);
HAL_StatusTypeDef HAL_UARTEx_ReceiveToIdle_DMA(UART_HandleTypeDef *huart, uint8_t *pData,
                                               uint16_t Size);
void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *huart, uint16_t Size);
void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart);
void HAL_GPIO_WritePin(GPIO_TypeDef *GPIOx, uint16_t GPIO_Pin, GPIO_PinState PinState);
void Error_Handler(void);
void __disable_irq(void);
void __enable_irq(void);
void __WFI(void);

#endif
