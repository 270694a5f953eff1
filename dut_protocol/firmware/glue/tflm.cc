// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite Micro behind runtime.h: an int8 model of one input and one output.
#include "runtime.h"

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

// Intermediate results and the interpreter's own data. `arena_used_bytes()` says what it takes.
#ifndef TFLM_ARENA_BYTES
#define TFLM_ARENA_BYTES (100 * 1024)
#endif

// The .tflite file, aligned to 16 bytes.
extern "C" const unsigned char tflm_model[];

namespace
{

alignas(16) uint8_t arena[TFLM_ARENA_BYTES];
tflite::MicroInterpreter *interpreter = nullptr;

// The operators of the benchmark's reference models. A model with others names them here.
constexpr unsigned OPERATORS = 8;

bool add_operators(tflite::MicroMutableOpResolver<OPERATORS> &resolver)
{
    return resolver.AddAdd() == kTfLiteOk && resolver.AddAveragePool2D() == kTfLiteOk &&
           resolver.AddConv2D() == kTfLiteOk && resolver.AddDepthwiseConv2D() == kTfLiteOk &&
           resolver.AddFullyConnected() == kTfLiteOk && resolver.AddMean() == kTfLiteOk &&
           resolver.AddReshape() == kTfLiteOk && resolver.AddSoftmax() == kTfLiteOk;
}

bool describe(TfLiteTensor *tensor, runtime_tensor *described)
{
    if (tensor == nullptr || tensor->type != kTfLiteInt8) {
        return false;
    }
    described->data = tensor->data.int8;
    described->count = static_cast<uint32_t>(tensor->bytes);
    described->scale = tensor->params.scale;
    described->zero_point = tensor->params.zero_point;
    return true;
}

} // namespace

bool runtime_start(runtime_tensor *input, runtime_tensor *output)
{
    static tflite::MicroMutableOpResolver<OPERATORS> resolver;
    const tflite::Model *model = tflite::GetModel(tflm_model);

    if (model->version() != TFLITE_SCHEMA_VERSION || !add_operators(resolver)) {
        return false;
    }
    static tflite::MicroInterpreter instance(model, resolver, arena, sizeof arena);
    interpreter = &instance;
    return interpreter->AllocateTensors() == kTfLiteOk && describe(interpreter->input(0), input) &&
           describe(interpreter->output(0), output);
}

bool runtime_invoke()
{
    return interpreter->Invoke() == kTfLiteOk;
}
