/* A stand-in. After tensorflow/tflite-micro, tensorflow/lite/micro/micro_mutable_op_resolver.h.
 * There some of these take a registration, by default TFLM's own. */
#ifndef STAND_IN_RESOLVER_H
#define STAND_IN_RESOLVER_H

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite
{

template <unsigned int tOpCount> class MicroMutableOpResolver : public MicroOpResolver
{
  public:
    TfLiteStatus AddAdd()
    {
        return add();
    }
    TfLiteStatus AddAveragePool2D()
    {
        return add();
    }
    TfLiteStatus AddConv2D()
    {
        return add();
    }
    TfLiteStatus AddDepthwiseConv2D()
    {
        return add();
    }
    TfLiteStatus AddFullyConnected()
    {
        return add();
    }
    TfLiteStatus AddMean()
    {
        return add();
    }
    TfLiteStatus AddReshape()
    {
        return add();
    }
    TfLiteStatus AddSoftmax()
    {
        return add();
    }

  private:
    TfLiteStatus add()
    {
        return ++count_ <= tOpCount ? kTfLiteOk : kTfLiteError;
    }

    unsigned int count_ = 0;
};

} // namespace tflite

#endif
