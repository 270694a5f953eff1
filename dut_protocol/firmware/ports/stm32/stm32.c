/* SPDX-License-Identifier: Apache-2.0 */
/* USART1, by ST's reference manuals RM0041 and RM0090. */
#include "stm32.h"

#include "bare.h"
#include "board.h"

#define USART1_SR REGISTER(STM32_USART1 + 0x00U)
#define USART1_DR REGISTER(STM32_USART1 + 0x04U)
#define USART1_BRR REGISTER(STM32_USART1 + 0x08U)
#define USART1_CR1 REGISTER(STM32_USART1 + 0x0CU)
#define USART1_IRQ 37U
#define SR_ORE (1U << 3)
#define SR_RXNE (1U << 5)
#define SR_TXE (1U << 7)
#define CR1_ENABLE (1U << 13)
#define CR1_TX (1U << 3)
#define CR1_RX (1U << 2)
#define CR1_RX_INTERRUPT (1U << 5)

#define NVIC_ENABLE_32_TO_63 REGISTER(0xE000E104U)

#ifndef BOARD_BAUD_RATE
#define BOARD_BAUD_RATE 115200U /* 9600 for energy firmware behind an IO manager */
#endif

void stm32_start_usart(uint32_t clock_hz)
{
    USART1_BRR = (clock_hz + BOARD_BAUD_RATE / 2U) / BOARD_BAUD_RATE;
    USART1_CR1 = CR1_ENABLE | CR1_TX;
}

bool stm32_becomes(const volatile uint32_t *place, uint32_t mask, uint32_t value)
{
    for (uint32_t tries = 0; tries < 50000U; tries++) {
        if ((*place & mask) == value) {
            return true;
        }
    }
    return false;
}

void board_enable_uart_interrupt(void)
{
    USART1_CR1 |= CR1_RX | CR1_RX_INTERRUPT;
    NVIC_ENABLE_32_TO_63 = 1U << (USART1_IRQ - 32U);
}

/* An overrun (ORE) interrupts, too; reading SR and then DR clears it, and what it lost is lost. */
void bare_uart_interrupt(void)
{
    for (uint32_t state = USART1_SR; (state & (SR_RXNE | SR_ORE)) != 0U; state = USART1_SR) {
        const uint8_t byte = (uint8_t)USART1_DR;

        if ((state & SR_RXNE) != 0U) {
            UART_RX_Handler(byte);
        }
    }
}

void board_uart_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while ((USART1_SR & SR_TXE) == 0U) {
        }
        USART1_DR = (uint8_t)bytes[i];
    }
}
