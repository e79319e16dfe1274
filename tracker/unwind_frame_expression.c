/* unwind_frame_expression.c - see unwind_frame_expression.h. */
#include "tracker/unwind_frame_expression.h"

#include "tracker/unwind_frame_info.h"

enum { CONSTANT = -1 /* instead of a register */, TERMS_MAXIMUM = 6 };

struct terms {
    struct frame_term term[TERMS_MAXIMUM];
    unsigned count;
    bool bad;
};

static void push(struct terms *terms, int base, int64_t offset) {
    if (terms->count == TERMS_MAXIMUM) {
        terms->bad = true;
        return;
    }
    terms->term[terms->count++] = (struct frame_term){.base = base, .offset = offset};
}

static struct frame_term pop(struct terms *terms) {
    if (terms->count)
        return terms->term[--terms->count];
    terms->bad = true;
    return (struct frame_term){.base = CONSTANT};
}

static int64_t pop_constant(struct terms *terms) {
    struct frame_term term = pop(terms);
    terms->bad |= term.base != CONSTANT;
    return term.offset;
}

static void add_constant(struct terms *terms, int64_t value) {
    struct frame_term term = pop(terms);
    if (term.in_memory)
        term.addend = (int64_t)((uint64_t)term.addend + (uint64_t)value);
    else
        term.offset = (int64_t)((uint64_t)term.offset + (uint64_t)value);
    if (!terms->bad)
        terms->term[terms->count++] = term;
}

static void read_memory(struct terms *terms) {
    struct frame_term term = pop(terms);
    terms->bad |= term.in_memory || term.base == CONSTANT;
    term.in_memory = true;
    if (!terms->bad)
        terms->term[terms->count++] = term;
}

static void push_register(struct terms *terms, uint64_t number, int64_t offset, uintptr_t pc) {
    if (number == FRAME_REGISTER_RETURN)
        push(terms, CONSTANT, (int64_t)(pc + (uint64_t)offset));
    else if (number < FRAME_REGISTER_RETURN)
        push(terms, (int)number, offset);
    else
        terms->bad = true;
}

static void calculate(struct terms *terms, uint8_t operation) {
    int64_t second = pop_constant(terms);
    if (operation == 0x22 || operation == 0x1c) { /* plus, minus */
        add_constant(terms, operation == 0x22 ? second : (int64_t)(0 - (uint64_t)second));
        return;
    }
    int64_t first = pop_constant(terms);
    switch (operation) {
    case 0x1a: /* and */
        push(terms, CONSTANT, first & second);
        return;
    case 0x24: /* shl */
        push(terms, CONSTANT, second >= 0 && second < 64 ? (int64_t)((uint64_t)first << second) : 0);
        return;
    case 0x2a: /* ge */
        push(terms, CONSTANT, first >= second);
        return;
    }
    terms->bad = true;
}

static void run_operation(struct terms *terms, struct frame_reader *code, uintptr_t pc) {
    uint8_t operation = *frame_take(code, 1);
    if (operation >= 0x30 && operation < 0x50) { /* lit0 … lit31 */
        push(terms, CONSTANT, operation - 0x30);
        return;
    }
    if (operation >= 0x70 && operation < 0x90) { /* breg0 … breg31 */
        push_register(terms, operation - 0x70, frame_take_sleb(code), pc);
        return;
    }
    switch (operation) {
    case 0x06: /* deref */
        read_memory(terms);
        return;
    case 0x08: /* const1u */
    case 0x0a: /* const2u */
    case 0x0c: /* const4u */
        push(terms, CONSTANT, (int64_t)frame_take_unsigned(code, 1u << (operation - 0x08) / 2));
        return;
    case 0x09: /* const1s */
    case 0x0b: /* const2s */
    case 0x0d: /* const4s */
        push(terms, CONSTANT, frame_take_signed(code, 1u << (operation - 0x09) / 2));
        return;
    case 0x10: /* constu */
        push(terms, CONSTANT, (int64_t)frame_take_uleb(code));
        return;
    case 0x11: /* consts */
        push(terms, CONSTANT, frame_take_sleb(code));
        return;
    case 0x23: /* plus_uconst */
        add_constant(terms, (int64_t)frame_take_uleb(code));
        return;
    case 0x96: /* nop */
        return;
    }
    calculate(terms, operation);
}

bool frame_take_expression(struct frame_reader *reader, uintptr_t pc, bool from_cfa,
                           struct frame_term *result) {
    struct terms terms;
    terms.count = 0;
    terms.bad = false;
    uint64_t bytes = frame_take_uleb(reader);
    struct frame_reader code = {reader->at, reader->at, false};
    frame_take(reader, bytes);
    if (reader->bad)
        return false;
    code.end += bytes;
    if (from_cfa)
        push(&terms, FRAME_REGISTER_CFA, 0);
    while (code.at < code.end && !code.bad && !terms.bad)
        run_operation(&terms, &code, pc);
    *result = pop(&terms);
    return !code.bad && !terms.bad && result->base != CONSTANT;
}
