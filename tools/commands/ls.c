/* ls.c - the sub-command ls: processes, and their sites by what is open there. */
#include "tools/commands/ls.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tools/command.h"
#include "tools/findings/suspects.h"
#include "tools/handles/live.h"
#include "tools/records/folder.h"
#include "tools/records/living.h"
#include "tools/records/record_reader.h"

struct request {
    struct settings settings;
    struct folder_list records;
    int *sharers; /* per record: pid of a process that was named and has none, so that this one's is shown; 0 */
    size_t words;
    bool stacks, all, handles, fail;
    size_t most;
};

/* --- looking ---------------------------------------------------------------------------------------------- */

/* Leaves only what both processes have open: the same number, and it leads to the same place. */
static void keep_shared(struct process *process, int pid, int sharer) {
    for (size_t i = 0; i < process->handle_count; i++) {
        struct handle *handle = &process->handles[i];
        char *here = handle->number < 0 ? NULL : kernel_view_link(pid, handle->number);
        char *there = here ? kernel_view_link(sharer, handle->number) : NULL;
        if (!there || strcmp(here, there) != 0)
            handle->state = RECORD_STATE_FREE;
        free(here);
        free(there);
    }
}

static bool look_at(struct ls_look *look, const struct request *request, size_t index, struct symbols *symbols,
                    int *status) {
    *look = (struct ls_look){.sharer = request->sharers[index]};
    warnings_hush(!request->words);
    look->process = kernel_view_read(request->records.paths[index], false, &look->kernel, &look->pid, status);
    warnings_hush(false);
    if (!look->process)
        return false;
    if (request->words)
        live_ask(look->process); /* what kind a descriptor is that came by dup or in a message */
    if (look->sharer)
        keep_shared(look->process, look->pid, look->sharer);
    activity_take(&look->activity, symbols, look->process);
    return true;
}

static int by_suspicion(const void *left, const void *right) {
    const struct activity_site *one = left, *other = right;
    struct suspect_facts facts = activity_facts(one), others = activity_facts(other);
    int difference = suspects_compare(&facts, &others);
    return difference ? difference : strcmp(one->id, other->id);
}

static bool has_suspects(const struct activity *sum) {
    bool has = false;
    for (size_t i = 0; i < sum->site_count && !has; i++) {
        struct suspect_facts facts = activity_facts(&sum->sites[i]);
        has = suspects_judge(&facts) != 0;
    }
    return has;
}

static void write_view(const struct request *request, const struct ls_view *view) {
    bool is_json = strcmp(request->settings.value[SETTING_format], "json") == 0;
    (is_json ? ls_json : ls_text)(view, stdout);
}

/* Returns 0 if at least one record could be read. */
static int look_at_all(const struct request *request) {
    struct symbols *symbols = symbols_begin(&request->settings);
    struct ls_look *looks = memory_new(request->records.count, sizeof *looks);
    struct activity sum = {0};
    size_t count = 0;
    int status = 0, why = 0;
    for (size_t i = 0; i < request->records.count; i++) {
        if (look_at(&looks[count], request, i, symbols, &why))
            activity_merge(&sum, &looks[count++].activity);
        else if (request->words) /* else it has just ended */
            status = why;
    }
    struct ls_handles handles = {0};
    struct process **processes = memory_new(count, sizeof *processes);
    for (size_t i = 0; i < count; i++)
        processes[i] = looks[i].process;
    bool with_handles = request->handles && request->words;
    if (with_handles)
        ls_handles_take(&handles, symbols, processes, count);
    if (sum.site_count)
        qsort(sum.sites, sum.site_count, sizeof *sum.sites, by_suspicion);
    struct ls_view view = {.looks = looks,
                           .count = count,
                           .sum = &sum,
                           .only_processes = !request->words,
                           .stacks = request->stacks,
                           .all = request->all,
                           .handles = with_handles ? &handles : NULL,
                           .most = request->most};
    if (count)
        write_view(request, &view);
    if (!status && request->fail && has_suspects(&sum))
        status = EXIT_FINDINGS;
    ls_handles_end(&handles);
    free(processes);
    for (size_t i = 0; i < count; i++) {
        activity_end(&looks[i].activity);
        record_end(looks[i].process);
    }
    activity_end(&sum);
    free(looks);
    symbols_end(symbols);
    return status;
}

/* --- words ------------------------------------------------------------------------------------------------ */

static int take_number(struct request *request, const char *value) {
    char *end;
    unsigned long number = value ? strtoul(value, &end, 10) : 0;
    if (!number || *end || *value == '-')
        return -failure(EXIT_USAGE, "--top needs a number of sites: --top=10");
    request->most = number;
    return 1;
}

static int take_option(struct request *request, char **argv) {
    const struct {
        const char *name;
        bool *is_set;
    } flags[] = {{"--stacks", &request->stacks},
                 {"--all", &request->all},
                 {"--handles", &request->handles},
                 {"--fail", &request->fail}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(argv[0], flags[i].name) == 0) {
            *flags[i].is_set = true;
            return 1;
        }
    if (strncmp(argv[0], "--top=", 6) == 0)
        return take_number(request, argv[0] + 6);
    if (strcmp(argv[0], "--top") != 0)
        return 0;
    int taken = take_number(request, argv[1]);
    return taken < 0 ? taken : 2;
}

/* The process from which another one was forked that has no record yet; 0: this is not such a word. */
static int forked_from(const char *word) {
    int error, pid = word[strspn(word, "0123456789")] ? 0 : (int)strtol(word, NULL, 10);
    char *record = pid > 0 ? living_record(pid, &error) : NULL;
    free(record);
    return pid > 0 && !record && !error && living_is_watched(pid) ? living_origin(pid) : 0;
}

/* All records that were added since are of this sharer, or of none. */
static void set_sharers(struct request *request, size_t from, int sharer) {
    request->sharers = realloc(request->sharers, (request->records.count + 1) * sizeof *request->sharers);
    if (!request->sharers)
        exit(failure(EXIT_OWN_FAILURE, "out of memory"));
    for (size_t i = from; i < request->records.count; i++)
        request->sharers[i] = sharer;
}

static int take(void *context, char **argv, bool is_option) {
    struct request *request = context;
    if (is_option)
        return take_option(request, argv);
    size_t before = request->records.count;
    int origin = forked_from(argv[0]);
    char *of_origin = memory_format("%d", origin);
    int status = folder_resolve(origin ? of_origin : argv[0], &request->records);
    set_sharers(request, before, origin ? (int)strtol(argv[0], NULL, 10) : 0);
    request->words++;
    free(of_origin);
    return status ? -status : 1;
}

static void list_living(struct request *request) {
    struct living_list living;
    living_find(&living);
    for (size_t i = 0; i < living.count; i++)
        folder_list_add(&request->records, living.list[i].record);
    living_end(&living);
    set_sharers(request, 0, 0);
}

static int list(struct request *request) {
    const char *format = request->settings.value[SETTING_format];
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return failure(EXIT_USAGE, "ls knows the formats text and json, not %s", format);
    if (!request->words)
        list_living(request);
    if (!request->records.count && strcmp(format, "text") == 0)
        return failure(0, "no process runs with libleftopen.so, as far as %s may see",
                       geteuid() == 0 ? "root" : "this user");
    return look_at_all(request);
}

static int run_ls(int argc, char **argv) {
    struct request request = {0};
    settings_begin(&request.settings);
    int taken = command_words(&request.settings, argc, argv, take, &request);
    int status = taken > 0 ? list(&request) : -taken;
    folder_list_end(&request.records);
    free(request.sharers);
    settings_end(&request.settings);
    return status;
}

const struct command command_ls = {
    .name = "ls",
    .arguments = "[OPTIONS] [PID|RECORD|FOLDER…]",
    .summary = "List the watched processes that run, or the sites where a process holds handles.",
    .text =
        "Without PID it lists the processes that run with libleftopen.so, as far as this user may see them.\n"
        "With one it lists the places that opened what the process holds now, without stopping it: suspects\n"
        "first, then by what is open there. Sites of several processes become one.\n"
        "\n"
        "  OPEN OPENED CLOSED PEAK   handles held now; acquired and released so far; most held at once\n"
        "  OLDEST MEAN-LIFE          age of the oldest that is held; how long the released ones lived\n"
        "  !                         looks like a leak; the line below says why\n"
        "\n"
        "  --stacks         show whole stacks\n"
        "  --all            show sites with nothing open, too\n"
        "  --handles        show each handle below its site, and those that were inherited: what it refers "
        "to,\n"
        "                   its state and its relatives, where an inherited one comes from\n"
        "  --top=N          show N sites at most\n"
        "  --format=json    for machines (schema leftopen.ls/1)\n"
        "  --fail           exit status 23 if there is a suspect\n"
        "\n"
        "Exit status: 0 whatever was found; 65 a record is damaged, or of another version or machine; 66\n"
        "there is no such record or process.",
    .run = run_ls,
};
