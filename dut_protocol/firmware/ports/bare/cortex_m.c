/* SPDX-License-Identifier: Apache-2.0 */
/* A Cortex-M's part of a bare port: what comes before main(), the vector table, and sleep. */
#include "bare.h"
#include "board.h"

/* Coprocessor access control: full access to coprocessors 10 and 11, which is the FPU. */
#define CPACR REGISTER(0xE000ED88U)
#define FPU_ACCESS (0xFU << 20)

void reset_handler(void)
{
#if defined(__ARM_FP)
    CPACR |= FPU_ACCESS; /* first of all: the compiler may copy by vectors */
    __asm volatile("dsb\n isb" ::: "memory");
#endif
    bare_set_variables();
    (void)main();
    for (;;) {
    }
}

/* Every unexpected exception, faults too: loop, so that a debugger sees where. */
static void default_handler(void)
{
    for (;;) {
    }
}

/* A board.c that counts time by SysTick has one of its own. */
void bare_tick(void) __attribute__((weak, alias("default_handler")));

void board_sleep(bool (*is_idle)(void))
{
    /* With interrupts masked none can come between the question and WFI; a pending one still wakes
     * the processor, and is served after the mask is off. */
    __asm volatile("cpsid i" ::: "memory");
    if (is_idle()) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i" ::: "memory");
}

#if TR_LAYERS && !BOARD_EMULATED && __ARM_ARCH >= 7
/* The debug unit's cycle counter: DEMCR.TRCENA, then DWT_CTRL.CYCCNTENA. */
#define DEMCR REGISTER(0xE000EDFCU)
#define DWT_CTRL REGISTER(0xE0001000U)
#define DWT_CYCCNT REGISTER(0xE0001004U)

uint32_t board_cycles(void)
{
    if ((DWT_CTRL & 1U) == 0U) {
        DEMCR |= 1U << 24;
        DWT_CTRL |= 1U;
    }
    return DWT_CYCCNT;
}
#elif TR_LAYERS && BOARD_EMULATED
uint32_t board_cycles(void)
{
    return board_micros();
}
#endif

typedef void (*handler)(void);

#define EIGHT(entry) entry, entry, entry, entry, entry, entry, entry, entry

typedef struct vector_table {
    uint32_t *initial_stack;
    handler exceptions[15]; /* reset, then those of the processor */
    handler interrupts[96]; /* of the chip: only the UART's is ever enabled */
} vector_table;

static const vector_table vectors __attribute__((section(".vectors"), used)) = {
    &stack_top,
    {reset_handler, default_handler, default_handler, default_handler, default_handler,
     default_handler, default_handler, default_handler, default_handler, default_handler,
     default_handler, default_handler, default_handler, default_handler, bare_tick},
    {EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt),
     EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt),
     EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt),
     EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt), EIGHT(bare_uart_interrupt)},
};
