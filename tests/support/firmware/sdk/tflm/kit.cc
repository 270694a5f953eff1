// TFLM's interpreter on this computer, as far as it matters here: our exported network in an arena,
// which it spoils. The model's first byte is its schema's version. A profiler is told of operators
// as TFLM tells it: each one's name before it, its handle behind it, and those inside of another
// between.
#include <cstdio>
#include <cstring>

#include "network_model.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

#ifndef VERSION
#define VERSION TFLITE_SCHEMA_VERSION
#endif

extern "C" {
extern const unsigned char tflm_model[];
alignas(16) const unsigned char tflm_model[16] = {VERSION};
}

namespace tflite
{

namespace
{
TfLiteTensor input_tensor;
TfLiteTensor output_tensor;
MicroProfilerInterface *profiler;

void run_operators(const char *const *names, unsigned count)
{
    uint32_t event = 0;

    if (count > 0 && profiler != nullptr) {
        event = profiler->BeginEvent(names[0]);
        run_operators(names + 1, count - 1);
        profiler->EndEvent(event);
    }
}
} // namespace

uint32_t Model::version() const
{
    return *reinterpret_cast<const unsigned char *>(this);
}

const Model *GetModel(const void *buf)
{
    return static_cast<const Model *>(buf);
}

MicroInterpreter::MicroInterpreter(const Model *, const MicroOpResolver &, uint8_t *tensor_arena,
                                   size_t tensor_arena_size, MicroResourceVariables *,
                                   MicroProfilerInterface *told)
{
    profiler = told;
    if (tensor_arena_size < NETWORK_INPUT_COUNT + NETWORK_OUTPUT_COUNT) {
        return; // AllocateTensors() fails
    }
    input_tensor.data.data = tensor_arena;
    output_tensor.data.data = tensor_arena + NETWORK_INPUT_COUNT;
}

TfLiteStatus MicroInterpreter::AllocateTensors()
{
    input_tensor.params = {NETWORK_INPUT_SCALE, NETWORK_INPUT_ZERO_POINT};
    input_tensor.bytes = NETWORK_INPUT_COUNT;
    output_tensor.params = {NETWORK_OUTPUT_SCALE, NETWORK_OUTPUT_ZERO_POINT};
    output_tensor.bytes = NETWORK_OUTPUT_COUNT;
    input_tensor.type = output_tensor.type = kTfLiteInt8;
    return input_tensor.data.data == nullptr ? kTfLiteError : kTfLiteOk;
}

TfLiteStatus MicroInterpreter::Invoke()
{
    static const char *const one[] = {"CONV_2D"};
    static const char *const nested[] = {"WHILE", "IF", "CALL_ONCE", "ADD", "TOO_DEEP"};

    run_operators(one, 1);
    run_operators(nested, 5);
    network_infer(input_tensor.data.int8, output_tensor.data.int8);
    std::memset(input_tensor.data.data, 0x55, input_tensor.bytes);
    return kTfLiteOk;
}

TfLiteTensor *MicroInterpreter::input(size_t index)
{
    return index == 0 ? &input_tensor : nullptr;
}

TfLiteTensor *MicroInterpreter::output(size_t index)
{
    return index == 0 ? &output_tensor : nullptr;
}

} // namespace tflite

#if TR_LAYERS
extern "C" void tr_layer_done(const char *name)
{
    std::fprintf(stderr, "%s\n", name);
}
#endif
