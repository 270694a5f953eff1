/* SPDX-License-Identifier: Apache-2.0 */
/* The pins of the streaming wake word: WW_DETECTED is the board's second LED, PROCESSING a pin of
 * its MISC register. */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>

/* PROCESSING, at least a microsecond a level. */
void pins_set_processing(bool high);

/* WW_DETECTED low for at least a microsecond. */
void pins_pulse_detection(void);

#endif
