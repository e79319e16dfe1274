/* shortage.h - descriptors became short in a process: who held them then, site by site. */
#ifndef TOOLS_SHORTAGE_H
#define TOOLS_SHORTAGE_H

#include <stdio.h>

#include <jansson.h>

#include "tools/names/symbols.h"
#include "tools/records/model.h"

/* One acquiring call and stack. */
struct shortage_site {
    const char *call; /* the process's */
    const struct trace *trace;
    uint32_t held; /* descriptors, then */
};

struct shortage_account {
    const struct process *process;
    const struct shortage *shortage;
    enum record_shortage_kind kind;
    struct shortage_site *sites; /* those that held most come first */
    size_t site_count;
    uint32_t others; /* descriptors that have no stack */
};

struct shortage_accounts {
    struct shortage_account *list;
    size_t count;
};

/* Adds what the process's record has noted; the process and the symbols must outlive it. */
void shortage_collect(struct shortage_accounts *accounts, struct symbols *symbols,
                      const struct process *process);
void shortage_end(struct shortage_accounts *accounts);

/* A paragraph: what happened, and the largest sites with their stacks. */
void shortage_write(const struct shortage_account *account, FILE *out);

/* The same with all sites. A new reference. */
json_t *shortage_json(const struct shortage_account *account);

#endif
