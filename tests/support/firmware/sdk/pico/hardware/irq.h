/* A stand-in. After raspberrypi/pico-sdk, src/rp2_common/hardware_irq/include/hardware/irq.h, and
 * the interrupts' numbers of hardware/regs/intctrl.h (RP2040). */
#ifndef STAND_IN_HARDWARE_IRQ_H
#define STAND_IN_HARDWARE_IRQ_H

#include "pico/stdlib.h"

#define UART0_IRQ 20
#define UART1_IRQ 21

typedef void (*irq_handler_t)(void);

void irq_set_exclusive_handler(uint num, irq_handler_t handler);
void irq_set_enabled(uint num, bool enabled);

#endif
