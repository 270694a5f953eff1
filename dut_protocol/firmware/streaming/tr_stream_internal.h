/* SPDX-License-Identifier: Apache-2.0 */
/* What the module's files share; not for ports. */
#ifndef TR_STREAM_INTERNAL_H
#define TR_STREAM_INTERNAL_H

#include "tinyrunner_stream.h"

#if TR_STREAM_FRAMES < 2 || TR_STREAM_THRESHOLD < -128 || TR_STREAM_THRESHOLD > 127
#error "TR_STREAM_FRAMES must be 2 or more, TR_STREAM_THRESHOLD an int8"
#endif

/* Forget all sound and begin to listen; the counterpart. */
void tr_stream_begin(tr_stream *stream);
void tr_stream_end(tr_stream *stream);

/* A loaded frame's samples: TR_STREAM_FRAME_BYTES bytes, little-endian. */
void tr_stream_samples(const uint8_t *bytes, int16_t *samples);

/* The features of the newest frame, TR_FEATURES of them. */
const int8_t *tr_stream_features(const tr_stream *stream);

#endif
