/* SPDX-License-Identifier: Apache-2.0 */
/* A RISC-V's part of a bare port (machine mode): what comes before main(), the trap, and sleep. */
#include "bare.h"
#include "board.h"

#define MSTATUS_INTERRUPTS (1U << 3)
#define MIE_EXTERNAL (1U << 11)
#define CAUSE_EXTERNAL 0x8000000BU

/* The processor begins here, without a stack. */
__asm(".section .vectors, \"ax\"\n"
      ".globl reset_handler\n"
      "reset_handler:\n"
      "    la sp, stack_top\n"
      "    j begin\n"
      ".text\n");

void begin(void);

/* The UART's interrupt is the only one enabled. Every other trap: loop, so that a debugger sees. */
static void __attribute__((interrupt("machine"), aligned(4))) trap(void)
{
    uint32_t cause;

    __asm volatile("csrr %0, mcause" : "=r"(cause));
    while (cause != CAUSE_EXTERNAL) {
    }
    bare_uart_interrupt();
}

void begin(void)
{
    bare_set_variables();
    __asm volatile("csrw mtvec, %0\n csrs mie, %1\n csrs mstatus, %2" ::"r"(trap),
                   "r"(MIE_EXTERNAL), "r"(MSTATUS_INTERRUPTS)
                   : "memory");
    (void)main();
    for (;;) {
    }
}

#if TR_LAYERS
uint32_t board_cycles(void)
{
    uint32_t cycles;

    __asm volatile("csrr %0, mcycle" : "=r"(cycles));
    return cycles;
}
#endif

void board_sleep(bool (*is_idle)(void))
{
    /* With interrupts masked none can come between the question and WFI; a pending one still wakes
     * the processor, and is served after the mask is off. */
    __asm volatile("csrc mstatus, %0" ::"r"(MSTATUS_INTERRUPTS) : "memory");
    if (is_idle()) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("csrs mstatus, %0" ::"r"(MSTATUS_INTERRUPTS) : "memory");
}
