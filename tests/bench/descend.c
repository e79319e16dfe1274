/* descend.c - see descend.h: one frame for each call. */
#include "tests/bench/descend.h"

__attribute__((noinline, noclone)) void descend(unsigned frames, void (*bottom)(void *), void *argument) {
    if (frames)
        descend(frames - 1, bottom, argument);
    else
        bottom(argument);
}
