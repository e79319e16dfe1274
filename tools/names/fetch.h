/* fetch.h - files by build-id from debuginfod servers. Their library brings curl and much else along, so it is
 * loaded only when it is needed. */
#ifndef TOOLS_FETCH_H
#define TOOLS_FETCH_H

struct fetch;

enum fetch_what { FETCH_DEBUG, FETCH_CODE };

/* `servers`: their URLs, separated by blanks. NULL after a warning: there are none, or no library. */
struct fetch *fetch_begin(const char *servers);
void fetch_end(struct fetch *fetch);

/* Says on standard error what is asked for, and how much of it has come. Returns a descriptor and the file's
 * place (the caller frees it) in the library's cache; -1: no server has it. After the first server that cannot
 * be reached nobody is asked any more, with a warning. */
int fetch_file(struct fetch *fetch, enum fetch_what what, const char *build_id, const char *path, char **found);

#endif
