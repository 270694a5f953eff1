/* A model of a port, without the protocol: inputs from standard input, their scores after two
 * inferences each to standard output. */
#include <stdio.h>

#include "model.h"
#include "task.h"

int main(void)
{
    static uint8_t bytes[TASK_INPUT_BYTES];

    printf("%.9g\n", (double)model_score(0));
    while (fread(bytes, 1, sizeof bytes, stdin) == sizeof bytes) {
        model_load(bytes, sizeof bytes);
        model_infer();
        model_infer();
        for (uint32_t i = 0; i < TASK_SCORES; i++) {
            printf("%.9g\n", (double)model_score(i));
        }
    }
    return 0;
}
