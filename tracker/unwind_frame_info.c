/* unwind_frame_info.c - runs the call frame instructions of an entry (DWARF 4, section 6.4) up to an address.
 * What is wrong in a file makes the rule unknown, and nothing else. */
#include "tracker/unwind_frame_info.h"

#include <stddef.h>

#include "tracker/unwind_frame_entry.h"
#include "tracker/unwind_frame_expression.h"

struct frame_row {
    enum frame_kind kind;
    int cfa_register;
    int64_t offset, addend;
    struct frame_place rbp, rbx, return_address;
};

enum { ROWS_REMEMBERED = 6 };

struct machine {
    const struct frame_entry *entry;
    uintptr_t pc;     /* where the frame is */
    uintptr_t target; /* the row of this address is wanted */
    uintptr_t location;
    struct frame_row row, initial;
    struct frame_row remembered[ROWS_REMEMBERED];
    unsigned remembered_count;
    bool bad;
};

static struct frame_place *place_in(struct frame_row *row, uint64_t number) {
    switch (number) {
    case FRAME_REGISTER_RBP:
        return &row->rbp;
    case FRAME_REGISTER_RBX:
        return &row->rbx;
    case FRAME_REGISTER_RETURN:
        return &row->return_address;
    }
    return NULL;
}

static void set_place(struct machine *machine, uint64_t number, enum frame_saved saved, int64_t offset) {
    struct frame_place *place = place_in(&machine->row, number);
    if (place)
        *place = (struct frame_place){saved, offset};
}

static void set_initial(struct machine *machine, uint64_t number) {
    struct frame_place *place = place_in(&machine->row, number);
    if (place)
        *place = *place_in(&machine->initial, number);
}

static void set_cfa(struct machine *machine, uint64_t number, int64_t offset) {
    machine->row.kind = number < FRAME_REGISTER_RETURN ? FRAME_CFA_REGISTER : FRAME_UNKNOWN;
    machine->row.cfa_register = (int)(number & 15);
    machine->row.offset = offset;
    machine->row.addend = 0;
}

static void set_cfa_expression(struct machine *machine, struct frame_reader *code) {
    struct frame_term term;
    machine->row.kind = FRAME_UNKNOWN;
    if (!frame_take_expression(code, machine->pc, false, &term))
        return;
    machine->row.kind = term.in_memory ? FRAME_CFA_MEMORY : FRAME_CFA_REGISTER;
    machine->row.cfa_register = term.base;
    machine->row.offset = term.offset;
    machine->row.addend = term.addend;
}

static void set_place_expression(struct machine *machine, struct frame_reader *code) {
    uint64_t number = frame_take_uleb(code);
    struct frame_term term;
    if (!frame_take_expression(code, machine->pc, true, &term) || term.in_memory)
        set_place(machine, number, FRAME_SAVED_LOST, 0);
    else if (term.base == FRAME_REGISTER_CFA)
        set_place(machine, number, FRAME_SAVED_CFA, term.offset);
    else if (term.base == FRAME_REGISTER_RBP)
        set_place(machine, number, FRAME_SAVED_RBP, term.offset);
    else
        set_place(machine, number, FRAME_SAVED_LOST, 0);
}

static void remember_row(struct machine *machine) {
    if (machine->remembered_count < ROWS_REMEMBERED)
        machine->remembered[machine->remembered_count++] = machine->row;
    else
        machine->bad = true;
}

static void restore_row(struct machine *machine) {
    if (machine->remembered_count)
        machine->row = machine->remembered[--machine->remembered_count];
    else
        machine->bad = true;
}

static int64_t factored(const struct machine *machine, int64_t offset) {
    return (int64_t)((uint64_t)offset * (uint64_t)machine->entry->data_align);
}

static void advance(struct machine *machine, uint64_t units) {
    machine->location += units * machine->entry->code_align;
}

/* DW_CFA_ instructions whose operand is not in the first byte. */
static void run_extended(struct machine *machine, struct frame_reader *code, uint8_t operation) {
    uint64_t number;
    switch (operation) {
    case 0x00: /* nop */
        return;
    case 0x01: /* set_loc */
        machine->location = frame_take_encoded(code, machine->entry->address_encoding);
        return;
    case 0x02: /* advance_loc1, 2, 4 */
    case 0x03:
    case 0x04:
        advance(machine, frame_take_unsigned(code, 1u << (operation - 2)));
        return;
    case 0x05: /* offset_extended */
        number = frame_take_uleb(code);
        set_place(machine, number, FRAME_SAVED_CFA, factored(machine, (int64_t)frame_take_uleb(code)));
        return;
    case 0x06: /* restore_extended */
        set_initial(machine, frame_take_uleb(code));
        return;
    case 0x07: /* undefined */
        set_place(machine, frame_take_uleb(code), FRAME_SAVED_LOST, 0);
        return;
    case 0x08: /* same_value */
        set_place(machine, frame_take_uleb(code), FRAME_SAVED_NOT, 0);
        return;
    case 0x09: /* register */
        set_place(machine, frame_take_uleb(code), FRAME_SAVED_LOST, 1);
        frame_take_uleb(code);
        return;
    case 0x0a:
        remember_row(machine);
        return;
    case 0x0b:
        restore_row(machine);
        return;
    case 0x0c: /* def_cfa */
        number = frame_take_uleb(code);
        set_cfa(machine, number, (int64_t)frame_take_uleb(code));
        return;
    case 0x0d: /* def_cfa_register */
        set_cfa(machine, frame_take_uleb(code), machine->row.offset);
        return;
    case 0x0e: /* def_cfa_offset */
        machine->row.offset = (int64_t)frame_take_uleb(code);
        return;
    case 0x0f:
        set_cfa_expression(machine, code);
        return;
    case 0x10: /* expression */
        set_place_expression(machine, code);
        return;
    case 0x11: /* offset_extended_sf */
        number = frame_take_uleb(code);
        set_place(machine, number, FRAME_SAVED_CFA, factored(machine, frame_take_sleb(code)));
        return;
    case 0x12: /* def_cfa_sf */
        number = frame_take_uleb(code);
        set_cfa(machine, number, factored(machine, frame_take_sleb(code)));
        return;
    case 0x13: /* def_cfa_offset_sf */
        machine->row.offset = factored(machine, frame_take_sleb(code));
        return;
    case 0x14: /* val_offset, val_offset_sf: a value, not a place */
    case 0x15:
        set_place(machine, frame_take_uleb(code), FRAME_SAVED_LOST, 1);
        frame_take_uleb(code);
        return;
    case 0x16: /* val_expression */
        set_place(machine, frame_take_uleb(code), FRAME_SAVED_LOST, 1);
        frame_take(code, frame_take_uleb(code));
        return;
    case 0x2e: /* GNU_args_size */
        frame_take_uleb(code);
        return;
    case 0x2f: /* GNU_negative_offset_extended */
        number = frame_take_uleb(code);
        set_place(machine, number, FRAME_SAVED_CFA, factored(machine, (int64_t)(0 - frame_take_uleb(code))));
        return;
    }
    machine->bad = true;
}

static void run_instruction(struct machine *machine, struct frame_reader *code) {
    uint8_t operation = *frame_take(code, 1);
    uint8_t operand = operation & 0x3f;
    switch (operation & 0xc0) {
    case 0x40: /* advance_loc */
        advance(machine, operand);
        return;
    case 0x80: /* offset */
        set_place(machine, operand, FRAME_SAVED_CFA, factored(machine, (int64_t)frame_take_uleb(code)));
        return;
    case 0xc0: /* restore */
        set_initial(machine, operand);
        return;
    }
    run_extended(machine, code, operation);
}

/* A row holds until the instruction that moves the location behind it. */
static bool run_instructions(struct machine *machine, struct frame_reader code) {
    while (code.at < code.end && machine->location <= machine->target && !code.bad && !machine->bad)
        run_instruction(machine, &code);
    return !code.bad && !machine->bad;
}

/* What the return address's place says about the frame. */
static enum frame_kind kind_of(const struct frame_row *row) {
    struct frame_place place = row->return_address;
    if (place.saved == FRAME_SAVED_LOST && place.offset == 0) /* undefined: there is no caller */
        return FRAME_OUTERMOST;
    if (place.saved != FRAME_SAVED_CFA || place.offset != -8)
        return FRAME_UNKNOWN;
    return row->kind;
}

static void run_entry(const struct frame_entry *entry, uintptr_t pc, uintptr_t target,
                      struct frame_rule *rule) {
    struct machine machine;
    machine.entry = entry;
    machine.pc = pc;
    machine.target = target;
    machine.location = entry->start;
    machine.row = (struct frame_row){.kind = FRAME_UNKNOWN};
    machine.initial = machine.row;
    machine.remembered_count = 0;
    machine.bad = false;
    if (!run_instructions(&machine, entry->common))
        return;
    machine.initial = machine.row;
    if (!run_instructions(&machine, entry->own))
        return;
    *rule = (struct frame_rule){.kind = kind_of(&machine.row),
                                .cfa_register = machine.row.cfa_register,
                                .offset = machine.row.offset,
                                .addend = machine.row.addend,
                                .rbp = machine.row.rbp,
                                .rbx = machine.row.rbx};
}

/* `mov $SYS_rt_sigreturn, %rax; syscall`: what glibc, musl and the runtimes with handlers of their own give to
 * the kernel as sa_restorer, with unwind information or without. The kernel enters it with rsp at the
 * ucontext_t. */
static bool is_signal_return(const struct frame_module *module, uintptr_t pc) {
    static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    struct frame_reader reader = frame_reader_at(module, pc);
    if (reader.bad || (uint64_t)(reader.end - reader.at) < sizeof code)
        return false;
    for (unsigned i = 0; i < sizeof code; i++)
        if (reader.at[i] != code[i])
            return false;
    return true;
}

bool frame_info_find(uintptr_t pc, bool exact, struct frame_rule *rule) {
    struct frame_module module;
    struct frame_entry entry = {0};
    uintptr_t target = pc - !exact;
    *rule = (struct frame_rule){.kind = FRAME_UNKNOWN};
    if (!frame_module_find(target, &module))
        return false;
    uintptr_t place = module.frame_header ? frame_entry_place(&module, target) : 0;
    bool found = place && frame_entry_read(&module, place, &entry) && target - entry.start < entry.bytes;
    if ((!found || entry.is_signal) && is_signal_return(&module, pc)) {
        rule->kind = FRAME_SIGNAL;
        return true;
    }
    if (found && !entry.is_signal)
        run_entry(&entry, pc, target, rule);
    return true;
}
