/* What the stand-ins of a kit's functions share: the host is standard input and output. */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the host sends more, and its next byte. */
bool talk_has_next(void);
uint8_t talk_next(void);

/* Pass a reply on; ends the program after as many m-ready as there were commands and a banner. */
void talk_send(const void *bytes, size_t count);

/* The timestamp pin's level: told on standard error whenever it changes. */
void talk_set_pin(bool high);

/* Ends the program with a failure: the port did what it must not. */
void talk_fail(const char *what);

#endif
