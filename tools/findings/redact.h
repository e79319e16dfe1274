/* redact.h - what must not leave with a report: the option redact. Equal names get equal pseudonyms, such as
 * path#1, numbered in the order of the report. */
#ifndef TOOLS_REDACT_H
#define TOOLS_REDACT_H

#include "tools/formats/render.h"

struct redaction;

/* `words`: path, argv and peer, joined by + or comma. NULL: nothing is to be redacted. */
struct redaction *redact_begin(const char *words);
void redact_end(struct redaction *redaction);

/* True if names of files are to be redacted; then symbols, notes and formats show no folders. */
bool redact_hides_paths(const struct redaction *redaction);

/* What the handle refers to, and where it was opened first. */
void redact_finding(struct redaction *redaction, struct finding *finding);
void redact_site(struct redaction *redaction, struct site *site);

/* The program's name and arguments, and the record's. Both may be NULL. */
void redact_process(struct redaction *redaction, struct process *process);

/* What is wrong with a value of the option redact, as settings_check. */
char *redact_fault(const char *words);

#endif
