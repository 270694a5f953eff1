/* A stand-in. After raspberrypi/pico-sdk, src/rp2_common/hardware_sync/include/hardware/sync.h. */
#ifndef STAND_IN_HARDWARE_SYNC_H
#define STAND_IN_HARDWARE_SYNC_H

#include "pico/stdlib.h"

uint32_t save_and_disable_interrupts(void);
void restore_interrupts(uint32_t status);
void __wfi(void);

#endif
