/* SPDX-License-Identifier: Apache-2.0 */
/* What this port needs of the model. Write these three around your network's code. */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

/* `count` bytes from the host into the input tensor. */
void model_load(const uint8_t *bytes, uint32_t count);

/* One inference. */
void model_infer(void);

/* Output `index`, dequantised. */
float model_score(uint32_t index);

#endif
