/* SPDX-License-Identifier: Apache-2.0 */
/* The front end's constants; not for ports. */
#ifndef TR_FRONT_END_TABLES_H
#define TR_FRONT_END_TABLES_H

#include <stdint.h>

#include "tr_front_end.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TR_QUARTER (TR_WINDOW_SAMPLES / 4)
#define TR_BINS (TR_WINDOW_SAMPLES / 2)

/* cos(2 pi n / 1024), a quarter of the period. */
extern const float tr_cosines[TR_QUARTER + 1];

/* The first half of the symmetric Hamming window, divided by 32768. */
extern const float tr_hamming[TR_WINDOW_SAMPLES / 2];

/* Of bins 1 to 512: how much belongs to the triangle that rises there; the rest is of the one that
 * falls. */
extern const float tr_rising[TR_BINS];

#ifdef __cplusplus
}
#endif

#endif
