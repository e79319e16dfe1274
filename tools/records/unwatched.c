/* unwatched.c - see unwatched.h. The file has a line "REASON<tab>PATH" for each start (tracker/unwatched.h). */
#include "tools/records/unwatched.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/basics/memory.h"
#include "tracker/record_format.h"

enum { NAMED = 5, DISTINCT = 64 /* more are counted, not told apart */ };

static const struct {
    const char *word, *text;
} reasons[] = {
    {"static", "statically linked"},
    {"privileges", "set-user-ID or with capabilities"},
    {"architecture", "of another architecture"},
    {"environment", "started without LD_PRELOAD in its environment"},
};

struct entry {
    char *line; /* as in the file, without its newline */
    size_t count;
};

struct tally {
    struct entry entries[DISTINCT];
    size_t distinct, starts;
};

static char *file_of(const char *folder) { return memory_format("%s/%s", folder, RECORD_UNWATCHED); }

void unwatched_begin(const char *folder) {
    char *path = file_of(folder);
    unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file >= 0) {
        fchmod(file, 0622); /* whoever of the tree changes its user may still append; umask or not */
        close(file);
    }
    free(path);
}

static void count(struct tally *tally, const char *line) {
    tally->starts++;
    for (size_t i = 0; i < tally->distinct; i++)
        if (strcmp(tally->entries[i].line, line) == 0) {
            tally->entries[i].count++;
            return;
        }
    if (tally->distinct < DISTINCT)
        tally->entries[tally->distinct++] = (struct entry){memory_copy(line), 1};
}

/* Other users' processes may write there: a link is not followed, and a line is no more than a text. */
static void read_lines(const char *path, struct tally *tally) {
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    if (!file) {
        if (descriptor >= 0)
            close(descriptor);
        return;
    }
    char line[2048];
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (strchr(line, '\t'))
            count(tally, line);
    }
    fclose(file);
}

static const char *reason_text(const char *line) {
    size_t length = strcspn(line, "\t");
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strlen(reasons[i].word) == length && strncmp(reasons[i].word, line, length) == 0)
            return reasons[i].text;
    return "not loadable";
}

static char *describe(const struct tally *tally) {
    char *text = memory_copy("");
    for (size_t i = 0; i < tally->distinct && i < NAMED; i++) {
        const struct entry *entry = &tally->entries[i];
        char times[32] = "";
        if (entry->count > 1)
            snprintf(times, sizeof times, ", %zu times", entry->count);
        char *longer = memory_format("%s%s%s (%s%s)", text, i ? ", " : "", strchr(entry->line, '\t') + 1,
                                     reason_text(entry->line), times);
        free(text);
        text = longer;
    }
    return text;
}

void unwatched_say(const char *folder) {
    struct tally tally = {0};
    char *path = file_of(folder);
    read_lines(path, &tally);
    unlink(path);
    free(path);
    if (!tally.starts)
        return;
    char *programs = describe(&tally);
    warning("%zu program%s of the tree ran unwatched: %s%s", tally.starts, tally.starts == 1 ? "" : "s",
            programs, tally.distinct > NAMED ? " and others" : "");
    free(programs);
    for (size_t i = 0; i < tally.distinct; i++)
        free(tally.entries[i].line);
}
