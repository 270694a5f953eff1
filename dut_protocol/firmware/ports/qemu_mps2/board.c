/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MPS2 board (AN386) without a vendor's SDK. Register addresses: Arm's application note AN386;
 * the serial port: "CMSDK APB UART" in the Cortex-M System Design Kit's manual.
 */
#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART0_DATA REGISTER(0x40004000U)
#define UART0_STATE REGISTER(0x40004004U)
#define UART0_CONTROL REGISTER(0x40004008U)
#define UART0_INTERRUPT_CLEAR REGISTER(0x4000400CU)
#define UART0_DIVIDER REGISTER(0x40004010U)

#define STATE_SEND_FULL (1U << 0)
#define STATE_RECEIVED (1U << 1)
#define CONTROL_SEND (1U << 0)
#define CONTROL_RECEIVE (1U << 1)
#define CONTROL_RECEIVE_INTERRUPT (1U << 3)
#define INTERRUPT_RECEIVED (1U << 1)

#define LEDS REGISTER(0x40028000U)
#define COUNTER REGISTER(0x40028018U)
#define PRESCALE REGISTER(0x4002801CU)
#define TIMESTAMP_PIN (1U << 0)

#define NVIC_ENABLE REGISTER(0xE000E100U)
#define UART0_RECEIVED_IRQ 0U

#define CLOCK_HZ 25000000U
#define BAUD_RATE 115200U /* QEMU takes any */

static void (*take_byte)(uint8_t byte);
static volatile uint32_t received;

void board_init(void)
{
    PRESCALE = CLOCK_HZ / 1000000U - 1U; /* the counter counts microseconds */
    LEDS |= TIMESTAMP_PIN;
    UART0_DIVIDER = CLOCK_HZ / BAUD_RATE;
    UART0_CONTROL = CONTROL_SEND;
}

void board_listen(void (*take)(uint8_t byte))
{
    take_byte = take;
    UART0_CONTROL = CONTROL_SEND | CONTROL_RECEIVE | CONTROL_RECEIVE_INTERRUPT;
    NVIC_ENABLE = 1U << UART0_RECEIVED_IRQ;
}

void board_uart_received(void)
{
    UART0_INTERRUPT_CLEAR = INTERRUPT_RECEIVED;
    while ((UART0_STATE & STATE_RECEIVED) != 0U) {
        take_byte((uint8_t)UART0_DATA);
        received++;
    }
}

void board_send(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while ((UART0_STATE & STATE_SEND_FULL) != 0U) {
        }
        UART0_DATA = (uint8_t)bytes[i];
    }
}

uint32_t board_micros(void)
{
    return COUNTER;
}

void board_pulse(void)
{
    const uint32_t start = COUNTER;

    LEDS &= ~TIMESTAMP_PIN;
    while (COUNTER - start < 2U) { /* two ticks: one whole microsecond at the least */
    }
    LEDS |= TIMESTAMP_PIN;
}

uint32_t board_received(void)
{
    return received;
}

void board_sleep(uint32_t seen)
{
    /* With interrupts masked none can come between the comparison and WFI; a pending one still
     * wakes the processor, and is served after the mask is off. */
    __asm volatile("cpsid i" ::: "memory");
    if (received == seen) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i" ::: "memory");
}
