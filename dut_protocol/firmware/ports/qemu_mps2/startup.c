/* SPDX-License-Identifier: Apache-2.0 */
/* What a Cortex-M4 does before main(): the vector table, the FPU, the variables' initial values. */
#include <stdint.h>

#include "board.h"

extern uint32_t stack_top;
extern uint32_t data_image;
extern uint32_t data_start;
extern uint32_t data_end;
extern uint32_t bss_start;
extern uint32_t bss_end;

int main(void);

/* Coprocessor access control: full access to coprocessors 10 and 11, which is the FPU. */
#define CPACR (*(volatile uint32_t *)0xE000ED88U)
#define FPU_ACCESS (0xFU << 20)

void reset_handler(void);

void reset_handler(void)
{
    const uint32_t *image = &data_image;

    for (uint32_t *word = &data_start; word < &data_end; word++) {
        *word = *image++;
    }
    for (uint32_t *word = &bss_start; word < &bss_end; word++) {
        *word = 0;
    }
    CPACR |= FPU_ACCESS;
    __asm volatile("dsb\n isb" ::: "memory");
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

typedef void (*handler)(void);

typedef struct vector_table {
    uint32_t *initial_stack;
    handler exceptions[15]; /* reset, then those of the processor */
    handler interrupts[2];  /* of the board: UART0 has received, UART0 has sent */
} vector_table;

static const vector_table vectors __attribute__((section(".vectors"), used)) = {
    &stack_top,
    {reset_handler, default_handler, default_handler, default_handler, default_handler,
     default_handler, default_handler, default_handler, default_handler, default_handler,
     default_handler, default_handler, default_handler, default_handler, default_handler},
    {board_uart_rx_handler, default_handler},
};
