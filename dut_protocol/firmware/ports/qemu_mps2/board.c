/* SPDX-License-Identifier: Apache-2.0 */
/* The MPS2 board (AN386) without a vendor's SDK. Register addresses: Arm's application note AN386;
 * the serial port: "CMSDK APB UART" in the Cortex-M System Design Kit's manual. */
#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART0_DATA REGISTER(0x40004000U)
#define UART0_STATUS REGISTER(0x40004004U)
#define UART0_CONTROL REGISTER(0x40004008U)
#define UART0_INTERRUPT_CLEAR REGISTER(0x4000400CU)
#define UART0_DIVIDER REGISTER(0x40004010U)

#define STATUS_TX_FULL (1U << 0)
#define STATUS_RX_FULL (1U << 1)
#define CONTROL_TX_ENABLE (1U << 0)
#define CONTROL_RX_ENABLE (1U << 1)
#define CONTROL_RX_INTERRUPT_ENABLE (1U << 3)
#define INTERRUPT_RX (1U << 1)

#define LEDS REGISTER(0x40028000U)
#define MISC REGISTER(0x4002804CU) /* QEMU's model has two LEDs; this register keeps other pins */
#define PROCESSING_PIN (1U << 0)
#define COUNTER REGISTER(0x40028018U)
#define PRESCALE REGISTER(0x4002801CU)
#define TIMESTAMP_PIN (1U << 0)
#define DETECTION_PIN (1U << 1)

#define NVIC_ENABLE REGISTER(0xE000E100U)
#define UART0_RX_IRQ 0U

#define CLOCK_HZ 25000000U
#define BAUD_RATE 115200U /* QEMU takes any */

static void (*receive_callback)(uint8_t byte);
static volatile uint32_t receive_count;

void board_init(void)
{
    PRESCALE = CLOCK_HZ / 1000000U - 1U; /* the counter counts microseconds */
    LEDS |= TIMESTAMP_PIN | DETECTION_PIN;
    UART0_DIVIDER = CLOCK_HZ / BAUD_RATE;
    UART0_CONTROL = CONTROL_TX_ENABLE;
}

void board_enable_uart_interrupt(void (*on_receive)(uint8_t byte))
{
    receive_callback = on_receive;
    UART0_CONTROL = CONTROL_TX_ENABLE | CONTROL_RX_ENABLE | CONTROL_RX_INTERRUPT_ENABLE;
    NVIC_ENABLE = 1U << UART0_RX_IRQ;
}

void board_uart_rx_handler(void)
{
    UART0_INTERRUPT_CLEAR = INTERRUPT_RX;
    while ((UART0_STATUS & STATUS_RX_FULL) != 0U) {
        receive_callback((uint8_t)UART0_DATA);
        receive_count++;
    }
}

void board_uart_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while ((UART0_STATUS & STATUS_TX_FULL) != 0U) {
        }
        UART0_DATA = (uint8_t)bytes[i];
    }
}

uint32_t board_micros(void)
{
    return COUNTER;
}

/* Two ticks: one whole microsecond at the least. */
static void wait_a_microsecond(void)
{
    const uint32_t start_us = COUNTER;

    while (COUNTER - start_us < 2U) {
    }
}

static void pulse(uint32_t pin)
{
    LEDS &= ~pin;
    wait_a_microsecond();
    LEDS |= pin;
}

void board_pulse_timestamp_pin(void)
{
    pulse(TIMESTAMP_PIN);
}

void board_pulse_detection_pin(void)
{
    pulse(DETECTION_PIN);
}

void board_set_processing_pin(bool high)
{
    MISC = high ? MISC | PROCESSING_PIN : MISC & ~PROCESSING_PIN;
    wait_a_microsecond();
}

uint32_t board_receive_count(void)
{
    return receive_count;
}

void board_sleep(uint32_t expected_count)
{
    /* With interrupts masked none can come between the comparison and WFI; a pending one still
     * wakes the processor, and is served after the mask is off. */
    __asm volatile("cpsid i" ::: "memory");
    if (receive_count == expected_count) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i" ::: "memory");
}
