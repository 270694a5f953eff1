/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a bare port know of each other, beside board.h. */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* board.c's: the UART's interrupt. */
void bare_uart_interrupt(void);

/* board.c's, on a Cortex-M whose SysTick it uses: that timer's interrupt. */
void bare_tick(void);

int main(void);
void reset_handler(void);

/* The linker script's. */
extern uint32_t stack_top;
extern uint32_t data_image;
extern uint32_t data_start;
extern uint32_t data_end;
extern uint32_t bss_start;
extern uint32_t bss_end;

/* Before main(): the variables' initial values. */
static inline void bare_set_variables(void)
{
    const uint32_t *image = &data_image;

    for (uint32_t *word = &data_start; word < &data_end; word++) {
        *word = *image++;
    }
    for (uint32_t *word = &bss_start; word < &bss_end; word++) {
        *word = 0;
    }
}

#endif
