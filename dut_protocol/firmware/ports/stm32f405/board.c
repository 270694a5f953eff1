/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F405: USART1 on PA9 (TX) and PA10 (RX), TIM2 as a clock, the timestamp pin on PA8.
 * Registers: ST's reference manual RM0090. */
#include "board.h"

#include "bare.h"
#include "stm32.h"

#define RCC 0x40023800U
#define RCC_CR REGISTER(RCC + 0x00U)
#define RCC_PLLCFGR REGISTER(RCC + 0x04U)
#define RCC_CFGR REGISTER(RCC + 0x08U)
#define RCC_AHB1ENR REGISTER(RCC + 0x30U)
#define RCC_APB1ENR REGISTER(RCC + 0x40U)
#define RCC_APB2ENR REGISTER(RCC + 0x44U)
#define FLASH_ACR REGISTER(0x40023C00U)

#define GPIOA_MODER REGISTER(0x40020000U)
#define GPIOA_BSRR REGISTER(0x40020018U)
#define GPIOA_AFRH REGISTER(0x40020024U)
#define PIN 8U

#define TIM2_CR1 REGISTER(0x40000000U)
#define TIM2_EGR REGISTER(0x40000014U)
#define TIM2_CNT REGISTER(0x40000024U)
#define TIM2_PSC REGISTER(0x40000028U)
#define TIM2_ARR REGISTER(0x4000002CU)

#ifndef BOARD_CRYSTAL_MHZ
#define BOARD_CRYSTAL_MHZ 25U /* Netduino Plus 2; 8 on ST's own boards, 12 on the pyboard */
#endif

/* 168 MHz from the crystal: buses of 42 and 84 MHz. Without a crystal (as in QEMU) the processor
 * stays at the 16 MHz that it starts with, whose 1 % shows in every result. Returns the clock of
 * USART1 and TIM2, which is the same for both. */
static uint32_t start_clock(void)
{
    RCC_CR |= 1U << 16; /* HSE on */
    if (!stm32_becomes(&RCC_CR, 1U << 17, 1U << 17)) {
        return 16000000U;
    }
    RCC_PLLCFGR = BOARD_CRYSTAL_MHZ | 336U << 6 | 1U << 22 | 7U << 24; /* 1 MHz * 336 / 2 */
    RCC_CR |= 1U << 24;                                                /* PLL on */
    if (!stm32_becomes(&RCC_CR, 1U << 25, 1U << 25)) {
        return 16000000U;
    }
    FLASH_ACR = 5U | 7U << 8;            /* wait states; prefetch and caches on */
    RCC_CFGR = 2U | 5U << 10 | 4U << 13; /* PLL; APB1 / 4, APB2 / 2 */
    return stm32_becomes(&RCC_CFGR, 3U << 2, 2U << 2) ? 84000000U : 16000000U;
}

void board_init(void)
{
    const uint32_t clock_hz = start_clock();

    RCC_AHB1ENR |= 1U << 0; /* GPIOA */
    RCC_APB1ENR |= 1U << 0; /* TIM2 */
    RCC_APB2ENR |= 1U << 4; /* USART1 */
    GPIOA_BSRR = 1U << PIN;
    GPIOA_AFRH = (GPIOA_AFRH & ~0xFF0U) | 0x770U;               /* PA9, PA10: USART1 */
    GPIOA_MODER = (GPIOA_MODER & ~(0x3FU << 16)) | 0x29U << 16; /* PA8: output */
    stm32_start_usart(clock_hz);
#ifdef TIMER_HZ
    TIM2_PSC = TIMER_HZ / 1000000U - 1U;
#else
    TIM2_PSC = clock_hz / 1000000U - 1U;
#endif
    TIM2_ARR = 0xFFFFFFFFU;
    TIM2_EGR = 1U; /* the prescaler takes effect with an update */
    TIM2_CR1 = 1U;
}

uint32_t board_micros(void)
{
    return TIM2_CNT;
}

void board_set_timestamp_pin(int high)
{
    GPIOA_BSRR = high ? 1U << PIN : 1U << (PIN + 16U);
}
