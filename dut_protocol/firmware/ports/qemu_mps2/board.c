/* SPDX-License-Identifier: Apache-2.0 */
/* Arm's MPS2 board without a vendor's SDK. Register addresses: Arm's application notes AN386 and
 * AN505; the serial port: "CMSDK APB UART" in the Cortex-M System Design Kit's manual. */
#include "board.h"

#include "bare.h"
#include "pins.h"

/* Those of AN386, unless board.mk gives others. */
#ifndef BOARD_UART
#define BOARD_UART 0x40004000U
#define BOARD_FPGAIO 0x40028000U
#define BOARD_UART_RX_IRQ 0U
#define BOARD_CLOCK_HZ 25000000U
#endif

#define UART_DATA REGISTER(BOARD_UART + 0x00U)
#define UART_STATUS REGISTER(BOARD_UART + 0x04U)
#define UART_CONTROL REGISTER(BOARD_UART + 0x08U)
#define UART_INTERRUPT_CLEAR REGISTER(BOARD_UART + 0x0CU)
#define UART_DIVIDER REGISTER(BOARD_UART + 0x10U)

#define STATUS_TX_FULL (1U << 0)
#define STATUS_RX_FULL (1U << 1)
#define CONTROL_TX_ENABLE (1U << 0)
#define CONTROL_RX_ENABLE (1U << 1)
#define CONTROL_RX_INTERRUPT_ENABLE (1U << 3)
#define INTERRUPT_RX (1U << 1)

#define LEDS REGISTER(BOARD_FPGAIO + 0x00U)
#define COUNTER REGISTER(BOARD_FPGAIO + 0x18U)
#define PRESCALE REGISTER(BOARD_FPGAIO + 0x1CU)
#define MISC REGISTER(BOARD_FPGAIO + 0x4CU) /* there are two LEDs only */
#define PROCESSING_PIN (1U << 0)
#define TIMESTAMP_PIN (1U << 0)
#define DETECTION_PIN (1U << 1)

#define NVIC_ENABLE(irq) REGISTER(0xE000E100U + (irq) / 32U * 4U)

#ifndef BOARD_BAUD_RATE
#define BOARD_BAUD_RATE 115200U /* QEMU takes any */
#endif

void board_init(void)
{
    PRESCALE = BOARD_CLOCK_HZ / 1000000U - 1U; /* the counter counts microseconds */
    LEDS |= TIMESTAMP_PIN | DETECTION_PIN;
    UART_DIVIDER = BOARD_CLOCK_HZ / BOARD_BAUD_RATE;
    UART_CONTROL = CONTROL_TX_ENABLE;
}

void board_enable_uart_interrupt(void)
{
    UART_CONTROL = CONTROL_TX_ENABLE | CONTROL_RX_ENABLE | CONTROL_RX_INTERRUPT_ENABLE;
    NVIC_ENABLE(BOARD_UART_RX_IRQ) = 1U << BOARD_UART_RX_IRQ % 32U;
}

void bare_uart_interrupt(void)
{
    UART_INTERRUPT_CLEAR = INTERRUPT_RX;
    while ((UART_STATUS & STATUS_RX_FULL) != 0U) {
        UART_RX_Handler((uint8_t)UART_DATA);
    }
}

void board_uart_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while ((UART_STATUS & STATUS_TX_FULL) != 0U) {
        }
        UART_DATA = (uint8_t)bytes[i];
    }
}

uint32_t board_micros(void)
{
    return COUNTER;
}

void board_set_timestamp_pin(int high)
{
    LEDS = high ? LEDS | TIMESTAMP_PIN : LEDS & ~TIMESTAMP_PIN;
}

/* Two ticks: one whole microsecond at the least. */
static void wait_a_microsecond(void)
{
    const uint32_t start_us = COUNTER;

    while (COUNTER - start_us < 2U) {
    }
}

void pins_set_processing(bool high)
{
    MISC = high ? MISC | PROCESSING_PIN : MISC & ~PROCESSING_PIN;
    wait_a_microsecond();
}

void pins_pulse_detection(void)
{
    LEDS &= ~DETECTION_PIN;
    wait_a_microsecond();
    LEDS |= DETECTION_PIN;
}
