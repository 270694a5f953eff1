/* SPDX-License-Identifier: Apache-2.0 */
/* What the streaming wake word needs of the board beside board.h: two pins and the sound input. */
#ifndef SOUND_H
#define SOUND_H

#include <stdint.h>

/* The level of PROCESSING, which rests low, and of WW_DETECTED, which rests high. */
void sound_set_processing_pin(int high);
void sound_set_detection_pin(int high);

/* Begin to receive I2S (16 kHz, 16 bits, stereo, the interface board is master) by DMA into a
 * buffer of two halves of 512 samples of both channels each, or end it. */
void sound_listen(int on);

/* model.c's; to be called by the DMA's interrupt with the half that is full. */
void SOUND_Handler(const int16_t *half);

#endif
