/* render.h - the formats of a report. A new format is one row of render.c and its name in settings.def. */
#ifndef TOOLS_RENDER_H
#define TOOLS_RENDER_H

#include <stdint.h>
#include <stdio.h>

#include "tools/findings/exec_leaks.h"
#include "tools/findings/groups.h"
#include "tools/findings/misuse.h"
#include "tools/findings/shortage.h"
#include "tools/findings/sites.h"

/* Everything that a format can say. Strings may hold any byte but zero. */
struct report {
    struct process *const *processes; /* in the order of their starts */
    size_t process_count;
    size_t *left_open_of;        /* per process: its handles at `sites` */
    const struct process *first; /* the program that was started; it may have left no record */
    bool is_tree;                /* all are what came of the first one; else just what the user named */
    struct sites sites;          /* that count: neither suppressed nor below min_count; see site_count */
    struct groups groups;        /* of `sites`; see group_by */
    size_t site_count;           /* how many there are; option top keeps only some of them in `sites` */
    size_t of_kind[RECORD_KIND_COUNT + 1]; /* handles at all of them */
    struct sites left_behind;              /* what outlives the processes; it does not count */
    struct shortage_accounts shortages;
    struct misuse_sites misuses;  /* that count: not suppressed */
    struct findings inherited;    /* filled if they are to be listed */
    struct exec_leaks exec_leaks; /* likewise */
    struct findings unseen_list;  /* likewise: the record has them only then, and not more than some */
    size_t left_open, released, release_failed, not_released, suppressed, inherited_count;
    size_t in_baseline; /* handles and misuses that the baseline has: they do not count */
    int64_t unseen;     /* -1 unknown */
    /* Of the processes that have a record; one that left nothing open takes its own away. */
    uint64_t tracked, closed;
    uint64_t dropped;
    char *const *notes; /* sentences: what is missing in the report, and why */
    size_t note_count;
    int verbosity;
    bool hides_folders;      /* see redact.h */
    const char *source_root; /* folder of the sources; "" not known */
    bool in_color;
    bool with_suppressions; /* behind each site the line that would take it */
};

struct format {
    const char *name;
    const char *text; /* what it is for, one line */
    void (*write)(const struct report *report, FILE *out);
    bool is_document; /* it is written even if nothing was left open, and a file holds one of them */
    bool is_binary;   /* not for a terminal */
};

/* All of them, ended by a row without a name. */
extern const struct format render_formats[];

/* The format of that name, or NULL. */
const struct format *render_format(const char *name);

void render_text(const struct report *report, FILE *out);
void render_json(const struct report *report, FILE *out);
void render_ndjson(const struct report *report, FILE *out);
void render_sarif(const struct report *report, FILE *out);
void render_junit(const struct report *report, FILE *out);
void render_github(const struct report *report, FILE *out);
void render_gitlab(const struct report *report, FILE *out);
void render_valgrind(const struct report *report, FILE *out);
void render_valgrind_xml(const struct report *report, FILE *out);
void render_valgrind_xml_native(const struct report *report, FILE *out);
void render_pprof(const struct report *report, FILE *out);
void render_folded(const struct report *report, FILE *out);
void render_html(const struct report *report, FILE *out);
void render_suppressions(const struct report *report, FILE *out);

/* What the text report says of the site, without colours. The caller frees it. */
char *render_text_site(const struct report *report, const struct site *site);
char *render_text_misuse(const struct report *report, const struct misuse_site *site);

/* What it says besides sites and handles: misuses, shortages, what passed over exec; "" nothing. The caller
 * frees it. */
char *render_text_besides(const struct report *report);

/* The overview of the text report; nothing if there are no groups. */
void groups_write(const struct report *report, FILE *out);

/* What the program is called by who started it: argv[0], else the executable's name. */
const char *render_program(const struct process *process);

/* The same without its folder. */
const char *render_program_name(const struct process *process);

/* True for a process that still runs, or ran when its record was copied: it has forgotten nothing yet. */
bool render_is_live(const struct process *process);

/* How it ended, in the words of CONTRACT.md ("exit", "killed", "running" …); NULL unknown. */
const char *render_end_word(const struct process *process);

/* What was found, "1 misuse, 3 handles left open"; of running processes "held". The caller frees it. */
char *render_found(const struct report *report, bool is_live);

/* "3 sockets left open (of 12 opened here, 9 closed)"; of a running process "held". The caller frees it. */
char *render_headline(const struct site *site);

/* What the frame is called: its function, else "(module+0x1a2b)" or "0x1a2b". The caller frees it. */
char *render_frame_name(const struct frame *frame);

/* The name of the thread at its last look, NULL unknown. */
const char *render_thread_name(const struct process *process, int thread);

#endif
