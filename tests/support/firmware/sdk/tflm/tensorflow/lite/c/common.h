/* A stand-in. After tensorflow/tflite-micro, tensorflow/lite/c/common.h and c_api_types.h, as built
 * with TF_LITE_STATIC_MEMORY. */
#ifndef STAND_IN_COMMON_H
#define STAND_IN_COMMON_H

#include <stddef.h>
#include <stdint.h>

typedef enum TfLiteStatus {
    kTfLiteOk = 0,
    kTfLiteError = 1
} TfLiteStatus;
typedef enum {
    kTfLiteNoType = 0,
    kTfLiteFloat32 = 1,
    kTfLiteInt8 = 9
} TfLiteType;

typedef struct TfLiteQuantizationParams {
    float scale;
    int32_t zero_point;
} TfLiteQuantizationParams;

typedef union TfLitePtrUnion {
    float *f;
    int8_t *int8;
    void *data;
} TfLitePtrUnion;

typedef struct TfLiteTensor {
    TfLiteQuantizationParams params;
    TfLitePtrUnion data;
    size_t bytes;
    TfLiteType type;
} TfLiteTensor;

#endif
