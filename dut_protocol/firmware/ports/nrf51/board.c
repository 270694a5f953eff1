/* SPDX-License-Identifier: Apache-2.0 */
/* nRF51822 on a BBC micro:bit: the UART of its USB port, TIMER0 as a clock, the timestamp pin on
 * P0.03 (ring 0). Registers: Nordic's nRF51 Series Reference Manual. */
#include "board.h"

#include "bare.h"

#define CLOCK_HFCLKSTART REGISTER(0x40000000U)
#define CLOCK_HFCLKSTARTED REGISTER(0x40000100U)

#define UART_STARTRX REGISTER(0x40002000U)
#define UART_STARTTX REGISTER(0x40002008U)
#define UART_RXDRDY REGISTER(0x40002108U)
#define UART_TXDRDY REGISTER(0x4000211CU)
#define UART_INTENSET REGISTER(0x40002304U)
#define UART_ENABLE REGISTER(0x40002500U)
#define UART_PSELTXD REGISTER(0x4000250CU)
#define UART_PSELRXD REGISTER(0x40002514U)
#define UART_RXD REGISTER(0x40002518U)
#define UART_TXD REGISTER(0x4000251CU)
#define UART_BAUDRATE REGISTER(0x40002524U)
#define UART_IRQ 2U
#define RXDRDY_INTERRUPT (1U << 2)
#define TX_PIN 24U
#define RX_PIN 25U

#define TIMER0_START REGISTER(0x40008000U)
#define TIMER0_CLEAR REGISTER(0x4000800CU)
#define TIMER0_CAPTURE REGISTER(0x40008040U)
#define TIMER0_COMPARED REGISTER(0x40008144U)
#define TIMER0_BITMODE REGISTER(0x40008508U)
#define TIMER0_PRESCALER REGISTER(0x40008510U)
#define TIMER0_CC0 REGISTER(0x40008540U)
#define TIMER0_CC1 REGISTER(0x40008544U)

#define GPIO_OUTSET REGISTER(0x50000508U)
#define GPIO_OUTCLR REGISTER(0x5000050CU)
#define GPIO_DIRSET REGISTER(0x50000518U)
#define PIN 3U

#define NVIC_ENABLE REGISTER(0xE000E100U)

#ifndef BOARD_BAUD_SETTING
#define BOARD_BAUD_SETTING 0x01D7E000U /* 115200; 0x00275000 is 9600, for energy firmware */
#endif

void board_init(void)
{
    CLOCK_HFCLKSTARTED = 0U;
    CLOCK_HFCLKSTART = 1U; /* the crystal: the timer is as exact as this clock */
    while (CLOCK_HFCLKSTARTED == 0U) {
    }
    GPIO_OUTSET = 1U << PIN | 1U << TX_PIN;
    GPIO_DIRSET = 1U << PIN | 1U << TX_PIN;
    UART_PSELTXD = TX_PIN;
    UART_PSELRXD = RX_PIN;
    UART_BAUDRATE = BOARD_BAUD_SETTING;
    UART_ENABLE = 4U;
    UART_STARTTX = 1U;
    TIMER0_BITMODE = 3U;      /* 32 bits */
    TIMER0_PRESCALER = 4U;    /* 16 MHz / 2^4 */
    TIMER0_CC1 = 0xFFFFFFFFU; /* QEMU's clock stands still in sleep where no event is due */
    TIMER0_CLEAR = 1U;
    TIMER0_START = 1U;
}

void board_enable_uart_interrupt(void)
{
    UART_INTENSET = RXDRDY_INTERRUPT;
    UART_STARTRX = 1U;
    NVIC_ENABLE = 1U << UART_IRQ;
}

void bare_uart_interrupt(void)
{
    while (UART_RXDRDY != 0U) {
        UART_RXDRDY = 0U; /* before the byte is taken: the next may be there at once */
        UART_RX_Handler((uint8_t)UART_RXD);
    }
}

void board_uart_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        UART_TXDRDY = 0U;
        UART_TXD = (uint8_t)bytes[i];
        while (UART_TXDRDY == 0U) {
        }
    }
}

uint32_t board_micros(void)
{
    TIMER0_COMPARED = 0U; /* so that the next one, too, is due */
    TIMER0_CAPTURE = 1U;
    return TIMER0_CC0;
}

void board_set_timestamp_pin(int high)
{
    if (high) {
        GPIO_OUTSET = 1U << PIN;
    } else {
        GPIO_OUTCLR = 1U << PIN;
    }
}
