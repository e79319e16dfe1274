/* unwind_frame_expression.h - DWARF expressions (DWARF 4, section 2.5) of unwind information; private to
 * tracker/unwind_frame*.c.
 *
 * They are evaluated as far as one rule can say it: register + offset, or the word there, plus an addend. The
 * pc is a constant: rules are per address. That covers realigned stacks (`rbp - 8, deref`), stubs of the PLT
 * (`rsp + 8 + ((rip & 15) >= 11) * 8`), and assembler that keeps the caller's rsp in its frame. */
#ifndef TRACKER_UNWIND_FRAME_EXPRESSION_H
#define TRACKER_UNWIND_FRAME_EXPRESSION_H

#include "tracker/unwind_frame_reader.h"

struct frame_term {
    int base; /* a register */
    bool in_memory;
    int64_t offset, addend;
};

/* Any context. Takes the block of an expression and evaluates it, with the CFA to begin with if `from_cfa`.
 * False: a rule cannot say it. */
bool frame_take_expression(struct frame_reader *reader, uintptr_t pc, bool from_cfa, struct frame_term *result);

#endif
