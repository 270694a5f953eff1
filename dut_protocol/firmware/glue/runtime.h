/* SPDX-License-Identifier: Apache-2.0 */
/* What runtime_model.c asks of an inference engine, whichever: two functions. tflm.cc has them for
 * TensorFlow Lite Micro. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An int8 tensor in the engine's memory: value = scale * (data - zero_point). */
typedef struct runtime_tensor {
    int8_t *data;
    uint32_t count;
    float scale;
    int32_t zero_point;
} runtime_tensor;

/* Prepare the model, and tell its input and its output, which stay where they are. False: it
 * cannot be run. Called once, before the first inference, outside what is measured. */
bool runtime_start(runtime_tensor *input, runtime_tensor *output);

/* One inference. It may spoil its input, which is written anew before each. False: it failed. */
bool runtime_invoke(void);

#ifdef __cplusplus
}
#endif

#endif
