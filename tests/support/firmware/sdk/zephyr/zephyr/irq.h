/* A stand-in. After zephyrproject-rtos/zephyr, include/zephyr/irq.h, where both are macros. */
#ifndef STAND_IN_IRQ_H
#define STAND_IN_IRQ_H

unsigned int irq_lock(void);
void irq_unlock(unsigned int key);

#endif
