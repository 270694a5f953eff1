#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ready[] = "m-ready\r\n";
static char last[sizeof ready - 1];
static unsigned replies_left = 1; /* the boot banner */

bool talk_has_next(void)
{
    const int byte = getchar();

    if (byte == EOF) {
        return false;
    }
    ungetc(byte, stdin);
    return true;
}

uint8_t talk_next(void)
{
    const int byte = getchar();

    if (byte == EOF) {
        talk_fail("read although nothing had come");
    }
    replies_left += byte == '%';
    return (uint8_t)byte;
}

void talk_send(const void *bytes, size_t count)
{
    const char *chars = bytes;

    for (size_t i = 0; i < count; i++) {
        putchar(chars[i]);
        memmove(last, last + 1, sizeof last - 1);
        last[sizeof last - 1] = chars[i];
        if (memcmp(last, ready, sizeof last) == 0 && --replies_left == 0 && !talk_has_next()) {
            exit(EXIT_SUCCESS);
        }
    }
}

void talk_set_pin(bool high)
{
    static bool known;
    static bool level;

    if (!known || level != high) {
        fprintf(stderr, "%d", high);
    }
    known = true;
    level = high;
}

void talk_fail(const char *what)
{
    fprintf(stderr, "stand-in: %s\n", what);
    exit(EXIT_FAILURE);
}
