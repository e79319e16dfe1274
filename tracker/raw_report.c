/* raw_report.c - see raw_report.h. The form is CONTRACT.md's. */
#include "tracker/raw_report.h"

#include <errno.h>
#include <stdatomic.h>

#include "tracker/depot.h"
#include "tracker/large.h"
#include "tracker/modules.h"
#include "tracker/output.h"
#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/sys.h"
#include "tracker/text.h"
#include "tracker/turn.h"

enum { HANDLES_SHOWN = 10 };

static const struct {
    const char *word, *plural;
} names[] = {
#define KIND(name, word, plural, report) {word, plural},
#include "tracker/kinds.def"
};

static LARGE char buffer[16384];
static struct text page;
static int output;
static bool (*write_out)(int descriptor, const char *text, size_t bytes);
static struct turn turn; /* the page */

static void begin_page(int descriptor, bool (*write)(int, const char *, size_t)) {
    output = descriptor;
    write_out = write;
    page = (struct text)TEXT_IN(buffer);
}

static void flush(void) {
    if (page.length)
        write_out(output, page.start, page.length);
    page = (struct text)TEXT_IN(buffer);
}

static void end_page(void) {
    flush();
    turn_give(&turn);
}

/* A line may need this much; the page is written out before it gets short. */
static void line_begin(void) {
    if (page.length + 6000 > page.capacity)
        flush();
}

static void put(const char *string) { text_string(&page, string); }

static void put_count(uint64_t count, const char *one, const char *many) {
    text_decimal(&page, (int64_t)count);
    put(" ");
    put(count == 1 ? one : many);
}

/* Control characters could drive the terminal. */
static void put_safely(const char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char c = bytes[i];
        text_bytes(&page, (unsigned char)c < ' ' || c == 127 ? "?" : &c, 1);
    }
}

static void put_path(const char *path, size_t count) {
    size_t start = settings.redact ? count : 0;
    while (start && path[start - 1] != '/')
        start--;
    put_safely(path + start, count - start);
}

static const struct record_module *module_of(uint64_t pc) {
    for (uint64_t at = record_next_chunk(0); at; at = record_next_chunk(at)) {
        struct record_chunk *chunk = record_at(at);
        if (chunk->kind != RECORD_CHUNK_MODULES)
            continue;
        for (uint64_t i = 0; i + sizeof(struct record_module) <= chunk->bytes - sizeof *chunk;) {
            const struct record_module *module = (const struct record_module *)((char *)(chunk + 1) + i);
            if (!module->bytes)
                break;
            bool is_whole = !(module->bytes & RECORD_ENTRY_UNFINISHED);
            if (is_whole && pc >= module->start && pc < module->end)
                return module;
            i += module->bytes & ~RECORD_ENTRY_UNFINISHED;
        }
    }
    return NULL;
}

/* Where main is called, one frame of every stack is the wrapper's around it. */
static bool is_ours(const struct record_module *module) {
    const char *path = modules_own_path();
    return module->path_bytes == text_length(path) && text_same(module->path, path, module->path_bytes);
}

static void put_frame(size_t *index, uint64_t pc) {
    line_begin();
    pc = pc & RECORD_PC_EXACT ? pc & ~RECORD_PC_EXACT : pc - 1;
    const struct record_module *module = module_of(pc);
    if (module && is_ours(module))
        return;
    put("    #");
    text_decimal(&page, (int64_t)(*index)++);
    put(" 0x");
    text_hexadecimal(&page, pc);
    if (module) {
        put(" (");
        put_path(module->path, module->path_bytes);
        put("+0x");
        text_hexadecimal(&page, pc - module->bias);
        put(module->build_id_bytes ? ") (BuildId: " : "");
        text_byte_pairs(&page, module->build_id, module->build_id_bytes);
        put(")");
    }
    put("\n");
}

static void put_stack(const struct record_stack *stack) {
    put(" by ");
    put(stack->call);
    put(" at:\n");
    for (size_t i = 0, shown = 0; i < stack->frames; i++)
        put_frame(&shown, stack->pc[i]);
}

static void put_program(void) {
    uint64_t at = record_header()->executable;
    const char *program = at ? record_at(at) : "?";
    put_path(program, text_length(program));
}

static void put_handle(const struct finding *finding) {
    line_begin();
    put("  ");
    if (finding->object) {
        put(names[finding->kind].word);
        put(" 0x");
        text_hexadecimal(&page, atomic_load_explicit(&finding->slot->object, memory_order_relaxed));
        put(finding->number >= 0 ? " " : "");
    }
    if (finding->number >= 0) {
        put("fd ");
        text_decimal(&page, finding->number);
    }
    uint32_t place = atomic_load_explicit(&finding->slot->detail, memory_order_relaxed);
    if (place && !settings.redact) {
        const struct record_detail *detail = record_at((uint64_t)place * RECORD_UNIT);
        put("   ");
        put_safely(detail->text, detail->link_bytes);
    }
    uint8_t outcome = atomic_load_explicit(&finding->slot->outcome, memory_order_relaxed);
    put(outcome == RECORD_OUTCOME_RELEASED ? "   released\n"
        : outcome == RECORD_OUTCOME_FAILED ? "   release failed\n"
                                           : "   not released\n");
}

static size_t put_site(const struct finding *first, size_t left) {
    size_t count = 1;
    while (count < left && first[count].kind == first->kind && first[count].stack == first->stack)
        count++;
    line_begin();
    put("\nDirect leak of ");
    put_count(count, names[first->kind].word, names[first->kind].plural);
    if (first->stack) {
        const struct record_stack *stack = record_at((uint64_t)first->stack * RECORD_UNIT);
        put(", opened");
        put_stack(stack);
    } else {
        put(", the stack was not kept\n");
    }
    for (size_t i = 0; i < count && i < HANDLES_SHOWN; i++)
        put_handle(&first[i]);
    if (count > HANDLES_SHOWN) {
        put("  … and ");
        text_decimal(&page, (int64_t)(count - HANDLES_SHOWN));
        put(" more\n");
    }
    return count;
}

void raw_report(struct findings *findings, int descriptor, bool verdict_missing) {
    struct record_header *header = record_header();
    if (!turn_take_soon(&turn))
        return; /* the words of another thread are stuck, ours would be too */
    begin_page(descriptor, output_write);
    findings_sort_by_site(findings);
    put("=================================================================\n==");
    text_decimal(&page, header->pid);
    put("==ERROR: leftopen: ");
    put_count(findings->count, "handle", "handles");
    put(" left open at exit by ");
    put_program();
    put("\n");
    size_t sites = 0;
    for (size_t i = 0; i < findings->count; sites++)
        i += put_site(&findings->list[i], findings->count - i);
    line_begin();
    put("\nnote: the leftopen tool could not be run, so frames have no names\n");
    if (verdict_missing)
        put("note: without it suppressions are not known: strict and exitcode were not applied\n");
    put("SUMMARY: leftopen: ");
    put_count(findings->count, "handle", "handles");
    put(" left open at ");
    put_count(sites, "site", "sites");
    put("\n");
    end_page();
}

/* ---- running out of descriptors ---------------------------------------------------------------------------
 */

/* The largest site among those behind `before` in the order of size and address. */
struct choice {
    enum record_shortage_kind kind;
    const struct record_stack *before, *best;
};

static uint32_t short_of(const struct choice *choice, const struct record_stack *stack) {
    return atomic_load_explicit(&stack->short_of[choice->kind], memory_order_relaxed);
}

static bool is_larger(const struct choice *choice, const struct record_stack *one,
                      const struct record_stack *other) {
    uint32_t of_one = short_of(choice, one), of_other = short_of(choice, other);
    return of_one != of_other ? of_one > of_other : one < other;
}

static void choose(struct record_stack *stack, void *context) {
    struct choice *choice = context;
    if (!short_of(choice, stack) || (choice->before && !is_larger(choice, choice->before, stack)))
        return;
    if (!choice->best || is_larger(choice, stack, choice->best))
        choice->best = stack;
}

static uint64_t put_largest_sites(enum record_shortage_kind kind) {
    enum { SITES_SHOWN = 3 };
    struct choice choice = {.kind = kind};
    uint64_t shown = 0;
    for (int i = 0; i < SITES_SHOWN; i++) {
        choice.best = NULL;
        depot_visit(choose, &choice);
        if (!choice.best)
            break;
        line_begin();
        put("  ");
        text_decimal(&page, short_of(&choice, choice.best));
        put(" opened");
        put_stack(choice.best);
        shown += short_of(&choice, choice.best);
        choice.before = choice.best;
    }
    return shown;
}

void raw_report_shortage(enum record_shortage_kind kind, int descriptor) {
    struct record_header *header = record_header();
    const struct record_shortage *shortage = &header->shortages[kind];
    if (!turn_take(&turn))
        return;
    begin_page(descriptor, output_write_here);
    put("==");
    text_decimal(&page, header->pid);
    put("==WARNING: leftopen: ");
    put(shortage->call);
    put(shortage->error == EMFILE   ? " failed with EMFILE (too many open files)"
        : shortage->error == ENFILE ? " failed with ENFILE (too many open files in the system)"
                                    : " passed the share of the limit that warn_at names");
    put(": ");
    put_program();
    put(" holds ");
    text_decimal(&page, shortage->held);
    put(" of ");
    text_decimal(&page, (int64_t)shortage->limit);
    put(" descriptors, most of them:\n");
    uint64_t others = shortage->held - put_largest_sites(kind);
    line_begin();
    if (others) {
        put("  ");
        text_decimal(&page, (int64_t)others);
        put(" others\n");
    }
    put("note: `leftopen report ");
    text_decimal(&page, header->pid);
    put("` shows names while the process runs\n");
    end_page();
}
