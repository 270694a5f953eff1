/* SPDX-License-Identifier: Apache-2.0 */
/* SiFive FE310-G000 on a HiFive1: UART0 (the USB port), the cycle counter as a clock, the timestamp
 * pin on GPIO 18 (digital 2). Registers: SiFive's FE310-G000 Manual. */
#include "board.h"

#include "bare.h"

#define HFXOSCCFG REGISTER(0x10008004U)
#define PLLCFG REGISTER(0x10008008U)
#define PLLOUTDIV REGISTER(0x1000800CU)
#define OSCILLATOR_ON (1U << 30)
#define OSCILLATOR_READY (1U << 31)
#define PLL_SELECTED (1U << 16)
#define PLL_FROM_CRYSTAL (1U << 17)
#define PLL_BYPASSED (1U << 18)

#define GPIO_OUTPUT_ENABLE REGISTER(0x10012008U)
#define GPIO_OUTPUT REGISTER(0x1001200CU)
#define GPIO_FUNCTION_ENABLE REGISTER(0x10012038U)
#define GPIO_FUNCTION_SELECT REGISTER(0x1001203CU)
#define UART0_PINS (3U << 16)
#define PIN 18U

#define UART0_TXDATA REGISTER(0x10013000U)
#define UART0_RXDATA REGISTER(0x10013004U)
#define UART0_TXCTRL REGISTER(0x10013008U)
#define UART0_RXCTRL REGISTER(0x1001300CU)
#define UART0_IE REGISTER(0x10013010U)
#define UART0_DIV REGISTER(0x10013018U)
#define TX_FULL (1U << 31)
#define RX_EMPTY (1U << 31)
#define RX_INTERRUPT (1U << 1)

#define UART0_IRQ 3U
#define PLIC_PRIORITY(irq) REGISTER(0x0C000000U + 4U * (irq))
#define PLIC_ENABLE REGISTER(0x0C002000U)
#define PLIC_THRESHOLD REGISTER(0x0C200000U)
#define PLIC_CLAIM REGISTER(0x0C200004U)

#define CLINT_MTIMECMP_HIGH REGISTER(0x02004004U)

#define CLOCK_HZ 16000000U
#ifndef TIMER_HZ
#define TIMER_HZ CLOCK_HZ
#endif
#ifndef BOARD_BAUD_RATE
#define BOARD_BAUD_RATE 115200U /* 9600 for energy firmware behind an IO manager */
#endif

void board_init(void)
{
    HFXOSCCFG = OSCILLATOR_ON;
    while ((HFXOSCCFG & OSCILLATOR_READY) == 0U) {
    }
    PLLOUTDIV = 1U << 8; /* not divided */
    PLLCFG = PLL_FROM_CRYSTAL | PLL_BYPASSED;
    PLLCFG = PLL_FROM_CRYSTAL | PLL_BYPASSED | PLL_SELECTED; /* the crystal's 16 MHz */
    GPIO_OUTPUT |= 1U << PIN;
    GPIO_OUTPUT_ENABLE |= 1U << PIN;
    GPIO_FUNCTION_SELECT &= ~UART0_PINS;
    GPIO_FUNCTION_ENABLE |= UART0_PINS;
    UART0_DIV = CLOCK_HZ / BOARD_BAUD_RATE - 1U;
    UART0_TXCTRL = 1U;
    CLINT_MTIMECMP_HIGH =
        0x7FFFU; /* never; QEMU's clock stands still in sleep where nothing is due */
}

void board_enable_uart_interrupt(void)
{
    UART0_RXCTRL = 1U; /* on; interrupt with the first byte */
    UART0_IE = RX_INTERRUPT;
    PLIC_PRIORITY(UART0_IRQ) = 1U;
    PLIC_THRESHOLD = 0U;
    PLIC_ENABLE = 1U << UART0_IRQ;
}

void bare_uart_interrupt(void)
{
    const uint32_t source = PLIC_CLAIM;

    for (uint32_t byte = UART0_RXDATA; (byte & RX_EMPTY) == 0U; byte = UART0_RXDATA) {
        UART_RX_Handler((uint8_t)byte);
    }
    PLIC_CLAIM = source; /* done */
}

void board_uart_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while ((UART0_TXDATA & TX_FULL) != 0U) {
        }
        UART0_TXDATA = (uint8_t)bytes[i];
    }
}

uint32_t board_micros(void)
{
    uint32_t high, low, high_again;

    do {
        __asm volatile("csrr %0, mcycleh\n csrr %1, mcycle\n csrr %2, mcycleh"
                       : "=r"(high), "=r"(low), "=r"(high_again));
    } while (high != high_again);
    return (uint32_t)(((uint64_t)high << 32 | low) / (TIMER_HZ / 1000000U));
}

void board_set_timestamp_pin(int high)
{
    GPIO_OUTPUT = high ? GPIO_OUTPUT | 1U << PIN : GPIO_OUTPUT & ~(1U << PIN);
}
