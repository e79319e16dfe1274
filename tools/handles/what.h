/* what.h - what a handle refers to, in words, from what the kernel said of it. */
#ifndef TOOLS_WHAT_H
#define TOOLS_WHAT_H

#include "tools/records/model.h"

/* "/etc/hosts", "TCP 127.0.0.1:51122 -> 127.0.0.1:80 CLOSE_WAIT", "pipe:[4711]" … ; NULL if nothing is known.
 * The caller frees it. Bytes of paths are as they are. */
char *what_of(const struct detail *detail);

/* The same with other names: `rename` gets each part that names something, owned, and returns an owned text. */
enum what_part {
    WHAT_FILE,
    WHAT_ADDRESS /* of the Internet */,
    WHAT_SOCKET /* a path or name of a local one */
};
typedef char *what_rename(void *context, enum what_part part, char *real);
char *what_of_renamed(const struct detail *detail, what_rename *rename, void *context);

/* The kind of the handle; where the acquiring call could not tell, what the kernel said of it decides. */
enum record_kind what_kind(enum record_kind kind, const struct detail *detail);

const char *what_kind_word(enum record_kind kind);
const char *what_kind_plural(enum record_kind kind);
/* The kind of that name, or RECORD_KIND_COUNT. */
enum record_kind what_kind_named(const char *word);
/* The words of all kinds, joined by blanks. */
const char *what_kind_words(void);

/* True for what outlives every process until somebody removes it: it is told of and never counted. */
bool what_kind_lasts(enum record_kind kind);

/* What the handle is called: "fd 5", "stream 0x55d0c2a4", "process 4711". The caller frees it. */
char *what_handle(const struct handle *handle, enum record_kind kind);

#endif
