// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite Micro behind runtime.h: an int8 model of one input and one output.
#include "runtime.h"
#include "tinyrunner_nn.h"

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
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

#if defined(TR_LAYERS) && TR_LAYERS > 0
// Tells the library of each operator when it is done, by TFLM's name of it. An operator that runs
// others (IF, WHILE) is told behind them, with what they left of its time.
class LayerTeller : public tflite::MicroProfilerInterface
{
  public:
    uint32_t BeginEvent(const char *tag) override
    {
        if (depth_ < NESTED) {
            tags_[depth_] = tag;
        }
        return depth_++;
    }

    void EndEvent(uint32_t event_handle) override
    {
        depth_ = event_handle;
        if (depth_ < NESTED) {
            TR_NN_LAYER_DONE(tags_[depth_]);
        }
    }

  private:
    static constexpr uint32_t NESTED = 4;

    const char *tags_[NESTED] = {};
    uint32_t depth_ = 0;
};
#endif

tflite::MicroProfilerInterface *layer_teller()
{
#if defined(TR_LAYERS) && TR_LAYERS > 0
    static LayerTeller teller;
    return &teller;
#else
    return nullptr;
#endif
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
    static tflite::MicroInterpreter instance(model, resolver, arena, sizeof arena, nullptr,
                                             layer_teller());
    interpreter = &instance;
    return interpreter->AllocateTensors() == kTfLiteOk && describe(interpreter->input(0), input) &&
           describe(interpreter->output(0), output);
}

bool runtime_invoke()
{
    return interpreter->Invoke() == kTfLiteOk;
}
