/* The task of this port: kws. Made by `tinyrunner firmware new`. */
#ifndef TASK_H
#define TASK_H

/* What `name` answers: m-name-dut-[...]. Give your board's. */
#define TASK_VENDOR "my-board"

/* What `profile` answers; a host knows the task by it. */
#define TASK_MODEL_ID "kws01"

/* An input as the host sends it: 49 x 10 x 1 of int8. */
#define TASK_INPUT_BYTES 490
#define TASK_INPUT_IS_UINT8 0
#define TASK_INPUT_IS_FLOAT 0

/* The most bytes that a `db load` may announce. */
#define TASK_INPUT_CAPACITY 490

/* A score per class, in the order of the task's label list. */
#define TASK_SCORES 12

#endif
