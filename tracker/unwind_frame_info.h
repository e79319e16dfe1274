/* unwind_frame_info.h - the rule that .eh_frame gives for one address: how its frame is left. */
#ifndef TRACKER_UNWIND_FRAME_INFO_H
#define TRACKER_UNWIND_FRAME_INFO_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

/* Numbers of registers in unwind information (System V ABI for x86_64, figure 3.36). */
enum {
    FRAME_REGISTER_RBX = 3,
    FRAME_REGISTER_RBP = 6,
    FRAME_REGISTER_RSP = 7,
    FRAME_REGISTER_RETURN = 16,
    FRAME_REGISTER_CFA = 17 /* ours: the canonical frame address inside an expression */
};

enum frame_kind {
    FRAME_UNKNOWN,      /* code without unwind information, or with such that is not understood */
    FRAME_CFA_REGISTER, /* CFA = register + offset */
    FRAME_CFA_MEMORY,   /* CFA = *(register + offset) + addend */
    FRAME_OUTERMOST,    /* there is no caller */
    FRAME_SIGNAL        /* returns from a signal handler: the stack pointer is at the ucontext_t */
};

/* Where the caller's value of a register is. */
enum frame_saved {
    FRAME_SAVED_NOT, /* unchanged */
    FRAME_SAVED_CFA, /* *(CFA + offset) */
    FRAME_SAVED_RBP, /* *(rbp + offset), rbp of this frame */
    FRAME_SAVED_LOST
};

struct frame_place {
    enum frame_saved saved;
    int64_t offset;
};

/* The return address is at CFA - 8 always: all else is FRAME_UNKNOWN. */
struct frame_rule {
    enum frame_kind kind;
    int cfa_register;
    int64_t offset, addend;
    struct frame_place rbp, rbx;
};

/* The program headers of a module. */
struct frame_segments {
    const Elf64_Phdr *segment;
    unsigned count;
    uintptr_t bias;
};

/* Start-up only. */
void frame_info_start(void);

/* Any context. Of the module that has the address; false: there is none, or they cannot be had. */
bool frame_info_segments(uintptr_t address, struct frame_segments *segments);

/* Any context. The rule for the frame whose pc this is; `exact`: the pc is not a return address. Returns false
 * if the pc is in no module: then the rule is FRAME_UNKNOWN, and that may be different next time. */
bool frame_info_find(uintptr_t pc, bool exact, struct frame_rule *rule);

/* Any context. False where the libc cannot tell whose code an address is without a lock. */
bool frame_info_available(void);

#endif
