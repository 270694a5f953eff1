/* A stand-in. After tensorflow/tflite-micro, tensorflow/lite/micro/micro_profiler_interface.h. */
#ifndef STAND_IN_PROFILER_H
#define STAND_IN_PROFILER_H

#include <stdint.h>

namespace tflite
{

class MicroProfilerInterface
{
  public:
    virtual ~MicroProfilerInterface()
    {
    }

    virtual uint32_t BeginEvent(const char *tag) = 0;
    virtual void EndEvent(uint32_t event_handle) = 0;
};

} // namespace tflite

#endif
