/* SPDX-License-Identifier: Apache-2.0 */
/* model.h on an inference engine: the host's bytes to its input tensor, its output tensor to
 * scores. Where the engine cannot run the model, all scores are `nan`, which a host refuses. */
#include "model.h"

#include <math.h>
#include <string.h>

#include "runtime.h"
#include "task.h"
#include "tinyrunner_nn.h"

#if TASK_INPUT_IS_FLOAT
#define INPUT_COUNT (TASK_INPUT_BYTES / 4)
static float window[INPUT_COUNT]; /* before quantisation: the error is measured by it */
#else
#define INPUT_COUNT TASK_INPUT_BYTES
#endif

/* An engine may use its input's memory for intermediate results, so the input is kept here. */
static int8_t loaded[INPUT_COUNT];
static runtime_tensor input;
static runtime_tensor output;
static bool has_inferred;
static bool failed;

#if TASK_INPUT_IS_FLOAT
#define OUTPUT_COUNT INPUT_COUNT
#else
#define OUTPUT_COUNT TASK_SCORES
#endif

static bool runs(void)
{
    static bool asked;
    static bool answer;

    if (!asked) {
        asked = true;
        answer = runtime_start(&input, &output) && input.count == INPUT_COUNT &&
                 output.count == OUTPUT_COUNT;
    }
    return answer;
}

void model_load(const uint8_t *bytes, uint32_t count)
{
    if (!runs()) {
        return;
    }
#if TASK_INPUT_IS_FLOAT
    (void)count; /* it is sizeof window */
    tr_nn_read_floats(bytes, INPUT_COUNT, window);
    tr_nn_quantise(window, INPUT_COUNT, input.scale, input.zero_point, loaded);
#else
    for (uint32_t i = 0; i < count; i++) {
        const int32_t byte = bytes[i];
#if TASK_INPUT_IS_UINT8
        loaded[i] = (int8_t)(byte - 128);
#else
        loaded[i] = (int8_t)(byte < 128 ? byte : byte - 256);
#endif
    }
#endif
}

/* The copy is measured with the inference: some bytes beside millions of products. */
void model_infer(void)
{
    has_inferred = true;
    failed = !runs();
    if (!failed) {
        memcpy(input.data, loaded, sizeof loaded);
        failed = !runtime_invoke();
    }
}

float model_score(uint32_t index)
{
    float score = 0.0F;

    if (has_inferred && failed) {
        return NAN;
    }
    if (has_inferred && index < TASK_SCORES) {
#if TASK_INPUT_IS_FLOAT
        score = tr_nn_mean_squared_error(output.data, OUTPUT_COUNT, output.scale, output.zero_point,
                                         window);
#else
        tr_nn_dequantise(&output.data[index], 1, output.scale, output.zero_point, &score);
#endif
    }
    return score;
}
