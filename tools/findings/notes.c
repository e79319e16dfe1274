/* notes.c - see notes.h */
#include "tools/findings/notes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/basics/memory.h"
#include "tools/formats/render.h"

static const struct {
    enum record_note note;
    bool matters; /* it changes how the report is to be read */
    const char *text;
} facts[] = {
    {RECORD_NOTE_NO_PROC, true,
     "/proc/self/fd could not be read: what was closed behind leftopen's back may be listed, and where handles "
     "lead to may be unknown"},
    {RECORD_NOTE_LOCKED_DOWN, true,
     "the program forbade itself system calls (seccomp): its handles were not compared with the kernel's"},
    {RECORD_NOTE_UNSHARED, true,
     "a thread got a descriptor table of its own: its handles may be mixed up with others of the same number"},
    {RECORD_NOTE_NO_LIBUNWIND, true,
     "libunwind could not be loaded: stacks may be short or miss frames (Debian has it in libunwind8)"},
    {RECORD_NOTE_MEMORY_ONLY, false,
     "the record had no file: had the program been killed, nothing would be known"},
    {RECORD_NOTE_THREADS_AT_EXIT, false, "other threads still ran at the end"},
    {RECORD_NOTE_STANDARD_ERROR_LOST, false,
     "the program's standard error was gone at the end: it showed no report of its own"},
    {RECORD_NOTE_NO_RENDERER, false,
     "the program could not run leftopen at its end: it showed raw frames, or nothing"},
    {RECORD_NOTE_DEEP_BINDING, true,
     "a library was loaded with RTLD_DEEPBIND: it calls libc directly, and what it opens is not seen"},
    {RECORD_NOTE_NAMESPACE, true,
     "a library was loaded into a namespace of its own (dlmopen): what it opens is not seen"},
};

static const struct {
    enum record_loss loss;
    bool matters;
    const char *one, *many;
} losses[] = {
    {RECORD_LOSS_MEMORY, true, "handle was not recorded: no room for it in the record",
     "handles were not recorded: no room for them in the record"},
    {RECORD_LOSS_STACK, true, "handle has no stack: no room for it in the record",
     "handles have no stack: no room for them in the record"},
    {RECORD_LOSS_CLOSE, false, "close was not seen: its number was handed out again",
     "closes were not seen: their numbers were handed out again"},
    {RECORD_LOSS_BUSY, true, "event was not recorded: the record was just being made by another thread",
     "events were not recorded: the record was just being made by another thread"},
};

/* Takes the sentence over. */
static void add(struct notes *notes, char *sentence) {
    notes->list = memory_grow(notes->list, notes->count, sizeof *notes->list);
    notes->list[notes->count++] = sentence;
}

static void add_copy(void *context, const char *sentence) { add(context, memory_copy(sentence)); }

static void add_fact(struct notes *notes, const struct notes_about *about, enum record_note note,
                     const char *text) {
    size_t having = 0;
    for (size_t i = 0; i < about->process_count; i++)
        having += (about->processes[i]->notes & note) != 0;
    if (having && about->process_count == 1)
        add(notes, memory_copy(text));
    else if (having)
        add(notes, memory_format("%s (%zu of %zu processes)", text, having, about->process_count));
}

static void add_loss(struct notes *notes, const struct notes_about *about, enum record_loss loss,
                     const char *one, const char *many) {
    uint64_t sum = 0;
    for (size_t i = 0; i < about->process_count; i++)
        sum += about->processes[i]->losses[loss];
    if (sum)
        add(notes, memory_format("%" PRIu64 " %s", sum, sum == 1 ? one : many));
}

static void add_survivors(struct notes *notes, const struct notes_about *about) {
    for (size_t i = 0; i < about->process_count; i++) {
        const struct process *process = about->processes[i];
        if (process->alive && process->end == RECORD_END_RUNNING)
            add(notes,
                memory_format("process %d (%s) is still running: what it holds is not counted; `leftopen "
                              "report %d` shows it",
                              process->pid, render_program(process), process->pid));
    }
}

static void add_damage(struct notes *notes, const struct notes_about *about) {
    for (size_t i = 0; i < about->process_count; i++)
        if (about->processes[i]->truncated)
            add(notes, memory_format("a part of the record %s could not be read: there may be more",
                                     about->processes[i]->source));
}

static void add_changed(void *context, const char *path, const char *build_id) {
    add(context,
        memory_format(*build_id ? "%s is not the file that the program ran (another build-id): no lines from it"
                                : "%s: which build of it the program ran is not known: no lines from it",
                      path));
}

void notes_collect(struct notes *notes, const struct notes_about *about) {
    add_damage(notes, about);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (about->all || (facts[i].matters && about->has_findings))
            add_fact(notes, about, facts[i].note, facts[i].text);
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (about->all || (losses[i].matters && about->has_findings))
            add_loss(notes, about, losses[i].loss, losses[i].one, losses[i].many);
    if (about->survivors && (about->all || about->has_findings))
        add_survivors(notes, about);
    if (about->all || about->has_findings)
        symbols_each_changed(about->symbols, add_changed, notes);
    if (about->young && about->all)
        add(notes, memory_format("%zu handle%s left out: not open for as long as min_age says", about->young,
                                 about->young == 1 ? "" : "s"));
    suppress_each_note(about->suppressions, about->all, add_copy, notes);
    baseline_each_note(about->baseline, about->all, add_copy, notes);
}

void notes_add_hidden(struct notes *notes, size_t sites, size_t handles) {
    if (sites)
        add(notes, memory_format("%zu more site%s with %zu handle%s not shown: see the option top", sites,
                                 sites == 1 ? "" : "s", handles, handles == 1 ? "" : "s"));
}

void notes_end(struct notes *notes) {
    for (size_t i = 0; i < notes->count; i++)
        free(notes->list[i]);
    free(notes->list);
    *notes = (struct notes){0};
}
