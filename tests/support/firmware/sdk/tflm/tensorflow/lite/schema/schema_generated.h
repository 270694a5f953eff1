/* A stand-in. After tensorflow/tflite-micro, tensorflow/lite/schema/schema_generated.h, which flatc
 * writes. */
#ifndef STAND_IN_SCHEMA_H
#define STAND_IN_SCHEMA_H

#include <stdint.h>

namespace tflite
{

struct Model {
    uint32_t version() const;
};

const Model *GetModel(const void *buf);

} // namespace tflite

#endif
