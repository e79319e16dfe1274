/* valgrind.h - what cannot be done under Valgrind is not tried there. Any context. */
#ifndef TRACKER_VALGRIND_H
#define TRACKER_VALGRIND_H

#include <stdbool.h>
#include <stdint.h>

/* Whether Valgrind runs the program: it answers this sequence, which means nothing to a processor, and the
 * request "running on Valgrind" (valgrind.h of Valgrind). */
static inline bool valgrind_runs_us(void) {
    const uint64_t request[6] = {0x1001};
    uint64_t answer = 0;
    __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(request)
                     : "cc", "memory");
    return answer != 0;
}

#endif
