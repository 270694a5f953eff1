/* SPDX-License-Identifier: Apache-2.0 */
/* An STM32 with ST's HAL, in a project that STM32CubeMX has made; README.md says with which
 * settings. A DMA in circular mode receives: nothing is started anew between bytes, so none is
 * lost. */
#include "board.h"

#include "main.h"

#ifndef BOARD_UART
#define BOARD_UART huart2
#endif

/* A timer of 32 bits that counts microseconds. */
#ifndef BOARD_TIMER
#define BOARD_TIMER htim2
#endif

/* Half of it is what may come before the first of its interrupts is served. */
#ifndef BOARD_RECEIVE_BYTES
#define BOARD_RECEIVE_BYTES 256
#endif

/* CubeMX's main.c has them. */
extern UART_HandleTypeDef BOARD_UART;
extern TIM_HandleTypeDef BOARD_TIMER;

static uint8_t received[BOARD_RECEIVE_BYTES];
static uint32_t passed_on; /* where the next byte for the library is */

/* CubeMX's main() has initialised the clocks, the UART, its DMA, the timer and the pin. */
void board_init(void)
{
    board_set_timestamp_pin(1);
    if (HAL_TIM_Base_Start(&BOARD_TIMER) != HAL_OK ||
        __HAL_TIM_GET_AUTORELOAD(&BOARD_TIMER) != 0xFFFFFFFFU) {
        Error_Handler(); /* a timer that wraps earlier spoils measurements */
    }
}

/* Begin anew, where the HAL has ended the reception: HAL_BUSY is left to the next call. */
static void receive(void)
{
    if (BOARD_UART.RxState == HAL_UART_STATE_READY) {
        passed_on = 0;
        if (HAL_UARTEx_ReceiveToIdle_DMA(&BOARD_UART, received, BOARD_RECEIVE_BYTES) == HAL_ERROR) {
            Error_Handler();
        }
    }
}

/* From wherever it is called, up to where the DMA writes now: the order in which the interrupts of
 * DMA and UART come is not important then. */
static void pass_on(void)
{
    const uint32_t left = __HAL_DMA_GET_COUNTER(BOARD_UART.hdmarx);
    const uint32_t end = (BOARD_RECEIVE_BYTES - left) % BOARD_RECEIVE_BYTES;

    while (passed_on != end) {
        UART_RX_Handler(received[passed_on]);
        passed_on = (passed_on + 1U) % BOARD_RECEIVE_BYTES;
    }
}

void board_enable_uart_interrupt(void)
{
    receive();
}

/* The buffer is half full or full, or the line rests. */
void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *uart, uint16_t count)
{
    (void)count;
    if (uart == &BOARD_UART) {
        pass_on();
    }
}

/* Noise or an overrun: the HAL has ended the reception. The byte that is missing spoils its
 * command, whose answer tells the host. */
void HAL_UART_ErrorCallback(UART_HandleTypeDef *uart)
{
    if (uart == &BOARD_UART) {
        pass_on();
        receive();
    }
}

void board_uart_send(const char *bytes, size_t count)
{
    /* Older versions of the HAL take a pointer that is not const. */
    (void)HAL_UART_Transmit(&BOARD_UART, (uint8_t *)(uintptr_t)bytes, (uint16_t)count,
                            HAL_MAX_DELAY);
}

uint32_t board_micros(void)
{
    return __HAL_TIM_GET_COUNTER(&BOARD_TIMER);
}

void board_set_timestamp_pin(int high)
{
    HAL_GPIO_WritePin(TIMESTAMP_GPIO_Port, TIMESTAMP_Pin, high ? GPIO_PIN_SET : GPIO_PIN_RESET);
}

void board_sleep(bool (*is_idle)(void))
{
    __disable_irq();
    receive();
    if (is_idle()) {
        __WFI(); /* a masked interrupt ends it, and is served after the next line */
    }
    __enable_irq();
}
