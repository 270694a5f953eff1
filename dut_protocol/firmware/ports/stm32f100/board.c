/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F100: USART1 on PA9 (TX) and PA10 (RX), SysTick as a clock, the timestamp pin on PA8.
 * Registers: ST's reference manual RM0041, and PM0056 for SysTick. */
#include "board.h"

#include "bare.h"
#include "stm32.h"

#define RCC 0x40021000U
#define RCC_CR REGISTER(RCC + 0x00U)
#define RCC_CFGR REGISTER(RCC + 0x04U)
#define RCC_APB2ENR REGISTER(RCC + 0x18U)

#define GPIOA_CRH REGISTER(0x40010804U)
#define GPIOA_BSRR REGISTER(0x40010810U)
#define PIN 8U

#define SYSTICK_CONTROL REGISTER(0xE000E010U)
#define SYSTICK_RELOAD REGISTER(0xE000E014U)
#define SYSTICK_VALUE REGISTER(0xE000E018U)
#define SYSTICK_PENDING (REGISTER(0xE000ED04U) & 1U << 26)

/* SysTick is 24 bits wide: it begins anew every half second. */
#define PERIOD_US 500000U

static volatile uint32_t periods;
static uint32_t ticks_per_us;

/* 24 MHz from the discovery board's crystal of 8 MHz. Without one (as in QEMU) the processor stays
 * at the 8 MHz that it starts with, whose 1 % shows in every result. */
static uint32_t start_clock(void)
{
    RCC_CR |= 1U << 16; /* HSE on */
    if (!stm32_becomes(&RCC_CR, 1U << 17, 1U << 17)) {
        return 8000000U;
    }
    RCC_CFGR = 1U << 16 | 1U << 18; /* PLL: HSE * 3 */
    RCC_CR |= 1U << 24;
    if (!stm32_becomes(&RCC_CR, 1U << 25, 1U << 25)) {
        return 8000000U;
    }
    RCC_CFGR |= 2U;
    return stm32_becomes(&RCC_CFGR, 3U << 2, 2U << 2) ? 24000000U : 8000000U;
}

void board_init(void)
{
    const uint32_t clock_hz = start_clock();

    RCC_APB2ENR |= 1U << 14 | 1U << 2; /* USART1, GPIOA */
    GPIOA_BSRR = 1U << PIN;
    GPIOA_CRH = (GPIOA_CRH & ~0xFFFU) | 0x4B3U; /* PA10 input, PA9 of USART1, PA8 output */
    stm32_start_usart(clock_hz);
#ifdef TIMER_HZ
    ticks_per_us = TIMER_HZ / 1000000U;
#else
    ticks_per_us = clock_hz / 1000000U;
#endif
    SYSTICK_RELOAD = PERIOD_US * ticks_per_us - 1U;
    SYSTICK_VALUE = 0U;
    SYSTICK_CONTROL = 7U; /* the processor's clock, interrupt, on */
}

void bare_tick(void)
{
    periods++;
}

/* Not for interrupts: it waits for SysTick's, where that is due. */
uint32_t board_micros(void)
{
    uint32_t whole, left;

    do {
        whole = periods;
        left = SYSTICK_VALUE;
    } while (SYSTICK_PENDING != 0U || whole != periods);
    return whole * PERIOD_US + (PERIOD_US - 1U - left / ticks_per_us);
}

void board_set_timestamp_pin(int high)
{
    GPIOA_BSRR = high ? 1U << PIN : 1U << (PIN + 16U);
}
