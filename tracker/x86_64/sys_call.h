/* x86_64/sys_call.h - the one instruction that enters the kernel.
 * Number in rax, arguments in rdi rsi rdx r10 r8 r9; the kernel clobbers rcx and r11 (System V ABI, A.2.1). */
#ifndef TRACKER_X86_64_SYS_CALL_H
#define TRACKER_X86_64_SYS_CALL_H

static inline long sys_call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
