/* rules.c - see rules.h */
#include "tools/findings/rules.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/memory.h"
#include "tools/basics/pattern.h"

/* --- tests of rules.def ----------------------------------------------------------------------------------- */

static bool is_anything(const struct finding *finding) { return true; }

/* The call was made by the module itself. */
static bool is_called_by(const struct finding *finding, const char *module) {
    return finding->trace->count && pattern_matches(module, finding->trace->frames[0].module);
}
static bool is_first_frame(const struct finding *finding) { return is_called_by(finding, "/libc.so."); }
static bool is_of_libunwind(const struct finding *finding) { return is_called_by(finding, "/libunwind.so."); }

/* GIO has one inotify descriptor for all that a program monitors. */
static bool is_inotify_of_gio(const struct finding *finding) {
    return finding->handle->kind == RECORD_KIND_INOTIFY && is_called_by(finding, "/libgio-2.0.so");
}

/* The innermost frame that called a function whose name begins so, NULL if none did. */
static const struct frame *caller_of(const char *name, const struct trace *trace) {
    bool is_in_it = false;
    for (size_t i = 0; i < trace->count; i++) {
        const struct frame *frame = &trace->frames[i];
        bool is_it = frame->function && strncmp(frame->function, name, strlen(name)) == 0;
        if (is_in_it && !is_it)
            return frame;
        is_in_it = is_it;
    }
    return NULL;
}

/* A main context that GLib has made for itself: for everybody's use, or for a thread of its own. One that the
 * program asked for is the program's. */
static bool is_of_glibs_context(const struct finding *finding) {
    const struct frame *caller = caller_of("g_main_context_new", finding->trace);
    return caller && (pattern_matches("/libglib-2.0.so", caller->module) ||
                      pattern_matches("/libgio-2.0.so", caller->module));
}

/* Of a GSubprocess. A source that the program made is the program's. */
static bool is_pidfd_of_gio(const struct finding *finding) {
    const struct frame *caller = caller_of("g_child_watch_source_new", finding->trace);
    return finding->handle->kind == RECORD_KIND_PIDFD && caller &&
           pattern_matches("/libgio-2.0.so", caller->module);
}

/* A script can make none by a call of the interpreter's. */
static bool is_eventfd_of_ruby(const struct finding *finding) {
    return finding->handle->kind == RECORD_KIND_EVENTFD &&
           (is_called_by(finding, "/libruby") || is_called_by(finding, "/bin/ruby"));
}

static bool is_in_default_loop(const struct finding *finding) {
    for (size_t i = 0; i < finding->trace->count; i++)
        if (finding->trace->frames[i].function &&
            strcmp(finding->trace->frames[i].function, "uv_default_loop") == 0)
            return true;
    return false;
}

/* How an interpreter is told to run something else than a script. */
static bool shell_has_no_script(const char *option) {
    return option[0] == '-' && option[1] != '-' && strpbrk(option, "cs");
}
static bool perl_has_no_script(const char *option) {
    return option[0] == '-' && !strchr("MmIiDFxV", option[1]) && strpbrk(option, "eE");
}

/* Options whose value is the next word. */
static bool shell_takes_value(const char *option) {
    char last = option[strlen(option) - 1];
    return strcmp(option, "--rcfile") == 0 || strcmp(option, "--init-file") == 0 ||
           (option[1] != '-' && (last == 'o' || last == 'O'));
}
static bool perl_takes_value(const char *option) { return strcmp(option, "-I") == 0; }

/* The script that an interpreter was given: the first word behind its options, which zsh makes empty. NULL:
 * none. */
static const char *script_of(char **word, bool (*has_no_script)(const char *),
                             bool (*takes_value)(const char *)) {
    for (; *word && (!**word || (strchr("-+", **word) && (*word)[1])); word++) {
        if (!**word)
            continue;
        if (strcmp(*word, "--") == 0)
            return word[1];
        if (has_no_script(*word))
            return NULL;
        if (takes_value(*word) && word[1])
            word++;
    }
    return *word;
}

/* The words behind the program's name; busybox may be told by a further one what it is. */
static char **words_of(const struct process *process) {
    char **word = process->arguments;
    if (*word && strcmp(symbols_base_name(*word), "busybox") == 0 && word[1])
        word++;
    return *word ? word + 1 : word;
}

/* True if `path`, which is absolute, can be what was called `name` in some folder. */
static bool is_same_file(const char *path, const char *name) {
    while (strncmp(name, "./", 2) == 0 || strncmp(name, "../", 3) == 0)
        name = strchr(name, '/') + 1;
    size_t path_bytes = strlen(path), name_bytes = strlen(name);
    const char *deleted = " (deleted)";
    if (path_bytes > strlen(deleted) && strcmp(path + path_bytes - strlen(deleted), deleted) == 0)
        path_bytes -= strlen(deleted);
    if (name_bytes == 0 || name_bytes > path_bytes || memcmp(path + path_bytes - name_bytes, name, name_bytes))
        return false;
    return name_bytes == path_bytes || *name == '/' || path[path_bytes - name_bytes - 1] == '/';
}

/* A script may have been called by another name that leads to it. */
static bool leads_to(const char *name, const char *path) {
    char *target = realpath(name, NULL);
    bool leads = target && strcmp(target, path) == 0;
    free(target);
    return leads;
}

static bool refers_to_script(const struct finding *finding, const char *script) {
    return script && finding->what && finding->what[0] == '/' &&
           (is_same_file(finding->what, script) || leads_to(script, finding->what));
}

/* busybox is a shell where it is called, or told, so. */
static bool is_called_shell(const struct process *process) {
    char **word = process->arguments;
    if (!pattern_words_match("busybox", symbols_base_name(process->executable)) || !*word)
        return true;
    if (strcmp(symbols_base_name(*word), "busybox") == 0 && word[1])
        word++;
    return pattern_words_match("sh+-sh+ash+-ash+hush+-hush", symbols_base_name(*word));
}

enum { OUT_OF_THE_WAY = 10 }; /* a script's numbers are below, its shell's own from here on */

/* What a shell has moved there first of all. A subshell has its script from the fork. */
static bool is_first_out_of_the_way(const struct finding *finding) {
    const struct process *process = finding->process;
    for (size_t i = 0; i < process->handle_count; i++) {
        const struct handle *other = &process->handles[i];
        bool is_shells = other->state == RECORD_STATE_LIVE || other->flags & RECORD_SLOT_FROM_FORK;
        if (is_shells && !other->is_address && other->number >= OUT_OF_THE_WAY &&
            other->sequence < finding->handle->sequence)
            return false;
    }
    return finding->handle->number >= OUT_OF_THE_WAY;
}

/* Text that may be executed, and that the kernel can execute neither by itself nor by an interpreter. */
static bool is_bare_script(const char *path) {
    struct stat status;
    if (stat(path, &status) || !S_ISREG(status.st_mode) || !(status.st_mode & 0111))
        return false;
    char start[4];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t bytes = file < 0 ? 0 : read(file, start, sizeof start);
    if (file >= 0)
        close(file);
    return bytes > 0 && start[0] != '\177' && (bytes < 2 || memcmp(start, "#!", 2) != 0);
}

/* What the kernel cannot execute, bash and ksh read themselves, where it was to be executed: in the child
 * forked for it, or in place of `bash -c ./SCRIPT`. The words are still those of before. */
static bool is_read_instead_of_executed(const struct finding *finding, const char *script) {
    bool may_be = !script || finding->process->notes & RECORD_NOTE_FORK_CHILD;
    return may_be && finding->handle->number >= OUT_OF_THE_WAY && finding->what &&
           is_bare_script(finding->what);
}

/* Where the kernel could not be asked (the shell was killed) the order must do. */
static bool is_shell_script(const struct finding *finding) {
    if (!is_called_shell(finding->process))
        return false;
    const char *script = script_of(words_of(finding->process), shell_has_no_script, shell_takes_value);
    if (script && !finding->what)
        return is_first_out_of_the_way(finding);
    return refers_to_script(finding, script) || is_read_instead_of_executed(finding, script);
}

static bool is_of_called_shell(const struct finding *finding) { return is_called_shell(finding->process); }

static bool is_copy_of_standard(const struct finding *finding) {
    int from = finding->handle->made_from;
    return from >= STDIN_FILENO && from <= STDERR_FILENO && is_called_shell(finding->process);
}

/* Its modules call its functions by name, so that these have one. */
static bool is_sourced_by_zsh(const struct finding *finding) {
    static const char *const functions[] = {"movefd", "source"};
    const struct trace *trace = finding->trace;
    for (size_t i = 0; i < 2; i++)
        if (trace->count <= i || !trace->frames[i].function || strcmp(trace->frames[i].function, functions[i]))
            return false;
    return true;
}

static bool is_perl_script(const struct finding *finding) {
    return refers_to_script(finding,
                            script_of(words_of(finding->process), perl_has_no_script, perl_takes_value));
}

static bool is_timer(const struct finding *finding) { return finding->handle->kind == RECORD_KIND_TIMER; }

static bool is_any_misuse(const struct misuse_site *site) { return true; }

/* The call is in the program itself, in none of its libraries. */
static bool is_by_executable(const struct misuse_site *site) {
    return site->now->count && strcmp(site->now->frames[0].module, site->process->executable) == 0;
}

/* --- the table -------------------------------------------------------------------------------------------- */

static const char shells[] =
#define SHELL(name) "+" name
#include "tracker/shells.def"
    ;
#define SHELLS (shells + 1)

static const struct rule {
    const char *programs;
    int lowest;
    const char *path, *module;
    bool (*test)(const struct finding *finding); /* NULL: it is about misuses */
    const char *reason;
    enum record_misuse_type type;
    bool (*misuse_test)(const struct misuse_site *site);
} rules[] = {
#define RULE(programs, lowest, path, module, test, reason)                                                     \
    {programs, lowest, path, module, test, reason, 0, NULL},
#define MISUSE_RULE(programs, type, test, reason) {programs, 0, "", "", NULL, reason, type, test},
#include "tools/findings/rules.def"
};

const size_t rules_count = sizeof rules / sizeof *rules;

static bool is_program(const struct process *process, const char *programs) {
    return pattern_words_match(programs, symbols_base_name(process->executable)) ||
           (*process->arguments && pattern_words_match(programs, symbols_base_name(*process->arguments)));
}

static bool passes_through(const struct trace *trace, const char *module) {
    for (size_t i = 0; i < trace->count; i++)
        if (pattern_matches(module, trace->frames[i].module))
            return true;
    return false;
}

static bool matches(const struct rule *rule, const struct finding *finding) {
    return rule->test && finding->handle->number >= rule->lowest &&
           (!*rule->path || pattern_matches(rule->path, finding->what)) &&
           (!*rule->module || passes_through(finding->trace, rule->module)) && rule->test(finding) &&
           is_program(finding->process, rule->programs);
}

static bool matches_misuse(const struct rule *rule, const struct misuse_site *site) {
    return rule->misuse_test && rule->type == site->first->type && rule->misuse_test(site) &&
           is_program(site->process, rule->programs);
}

size_t rules_find(const struct finding *finding) {
    size_t number = 0;
    while (number < rules_count && !matches(&rules[number], finding))
        number++;
    return number;
}

size_t rules_find_misuse(const struct misuse_site *site) {
    size_t number = 0;
    while (number < rules_count && !matches_misuse(&rules[number], site))
        number++;
    return number;
}

const char *rules_reason(size_t number) { return rules[number].reason; }
const char *rules_programs(size_t number) { return rules[number].programs; }
