/* redact.c - see redact.h */
#include "tools/findings/redact.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/handles/what.h"

enum subject { PATH, ARGUMENT, PEER, SUBJECTS };
static const char *const words[SUBJECTS] = {"path", "argv", "peer"};

struct pseudonym {
    enum subject subject;
    char *real, *name;
};

struct redaction {
    bool hidden[SUBJECTS];
    size_t count[SUBJECTS];
    void *pseudonyms; /* a tree of tsearch */
};

/* --- words ------------------------------------------------------------------------------------------------ */

/* The word at the start of `list`; SUBJECTS if it is none. */
static enum subject subject_at(const char *list, size_t length) {
    enum subject subject = 0;
    while (subject < SUBJECTS &&
           (strlen(words[subject]) != length || memcmp(words[subject], list, length) != 0))
        subject++;
    return subject;
}

/* Calls for every word. False: one of them is none. */
static bool each_word(const char *list, struct redaction *redaction) {
    for (size_t length; *(list += strspn(list, "+,")); list += length) {
        length = strcspn(list, "+,");
        enum subject subject = subject_at(list, length);
        if (subject == SUBJECTS)
            return false;
        redaction->hidden[subject] = true;
    }
    return true;
}

char *redact_fault(const char *list) {
    struct redaction unused;
    return each_word(list, &unused) ? NULL : memory_copy("path, argv and peer, joined by +");
}

struct redaction *redact_begin(const char *list) {
    if (!*list)
        return NULL;
    struct redaction *redaction = memory_new(1, sizeof *redaction);
    each_word(list, redaction);
    return redaction;
}

static void free_pseudonym(void *node) {
    struct pseudonym *pseudonym = node;
    free(pseudonym->real);
    free(pseudonym->name);
    free(pseudonym);
}

void redact_end(struct redaction *redaction) {
    if (!redaction)
        return;
    tdestroy(redaction->pseudonyms, free_pseudonym);
    free(redaction);
}

bool redact_hides_paths(const struct redaction *redaction) { return redaction && redaction->hidden[PATH]; }

/* --- pseudonyms ------------------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right) {
    const struct pseudonym *one = left, *other = right;
    return one->subject != other->subject ? (int)one->subject - (int)other->subject
                                          : strcmp(one->real, other->real);
}

/* Lives as long as the redaction. */
static const char *pseudonym_of(struct redaction *redaction, enum subject subject, const char *real) {
    struct pseudonym wanted = {.subject = subject, .real = (char *)real};
    struct pseudonym *const *found = tfind(&wanted, &redaction->pseudonyms, compare);
    if (found)
        return (*found)->name;
    struct pseudonym *pseudonym = memory_new(1, sizeof *pseudonym);
    *pseudonym = (struct pseudonym){
        .subject = subject,
        .real = memory_copy(real),
        .name = memory_format("%s#%zu", words[subject], ++redaction->count[subject]),
    };
    if (!tsearch(pseudonym, &redaction->pseudonyms, compare))
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    return pseudonym->name;
}

static void replace(char **text, const char *with) {
    char *copy = memory_copy(with);
    free(*text);
    *text = copy;
}

/* --- handles ---------------------------------------------------------------------------------------------- */

/* A socket in the file system has both: a path, and an address. */
static char *rename_part(void *context, enum what_part part, char *real) {
    struct redaction *redaction = context;
    bool is_address = part != WHAT_FILE, is_path = part != WHAT_ADDRESS;
    if (is_address && redaction->hidden[PEER])
        replace(&real, pseudonym_of(redaction, PEER, real));
    else if (is_path && redaction->hidden[PATH])
        replace(&real, pseudonym_of(redaction, PATH, real));
    return real;
}

void redact_finding(struct redaction *redaction, struct finding *finding) {
    if (!finding->what)
        return;
    free(finding->what);
    const char *path = finding->handle->path;
    finding->what = path ? rename_part(redaction, WHAT_FILE, memory_copy(path))
                         : what_of_renamed(finding->handle->detail, rename_part, redaction);
}

void redact_site(struct redaction *redaction, struct site *site) {
    if (*site->first_name && redaction->hidden[PATH])
        site->first_name = pseudonym_of(redaction, PATH, site->first_name);
}

/* --- processes -------------------------------------------------------------------------------------------- */

static void drop_folder(char **path) {
    char *base = memory_copy(symbols_base_name(*path));
    free(*path);
    *path = base;
}

static void redact_arguments(struct redaction *redaction, const struct process *process) {
    for (char **argument = process->arguments; *argument; argument++) {
        bool is_name = argument == process->arguments;
        if (is_name && redaction->hidden[ARGUMENT] && *process->executable)
            replace(argument, symbols_base_name(process->executable));
        else if (is_name && redaction->hidden[PATH])
            drop_folder(argument);
        else if (redaction->hidden[ARGUMENT])
            replace(argument, pseudonym_of(redaction, ARGUMENT, *argument));
        else if (redaction->hidden[PATH] && strchr(*argument, '/'))
            replace(argument, pseudonym_of(redaction, PATH, *argument));
    }
}

void redact_process(struct redaction *redaction, struct process *process) {
    if (!redaction || !process)
        return;
    redact_arguments(redaction, process);
    if (!redaction->hidden[PATH])
        return;
    drop_folder(&process->executable);
    drop_folder(&process->source);
}
