// TFLM's interpreter on this computer, as far as it matters here: our exported network in an arena,
// which it spoils. The model's first byte is its schema's version.
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
                                   size_t tensor_arena_size)
{
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
