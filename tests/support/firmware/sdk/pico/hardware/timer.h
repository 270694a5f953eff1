/* A stand-in. After raspberrypi/pico-sdk, src/rp2_common/hardware_timer/include/hardware/timer.h.
 */
#ifndef STAND_IN_HARDWARE_TIMER_H
#define STAND_IN_HARDWARE_TIMER_H

#include "pico/stdlib.h"

uint32_t time_us_32(void);

#endif
