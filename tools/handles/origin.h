/* origin.h - where inherited handles come from: the record of the program that acquired them is looked up. What
 * cannot be known for sure is not known. */
#ifndef TOOLS_ORIGIN_H
#define TOOLS_ORIGIN_H

#include <stddef.h>

#include "tools/records/model.h"

enum origin_way {
    ORIGIN_UNKNOWN,
    ORIGIN_EXEC,  /* this process acquired it, as the program that it was before an exec, or that one inherited
                     it */
    ORIGIN_FORK,  /* a process acquired it that this one was forked from */
    ORIGIN_PARENT /* likewise, and this one has executed something since */
};

struct origin {
    enum origin_way way;
    int pid; /* of the process that acquired it */
    const struct process
        *process;              /* with the program's name and the stack; it may be another image of this one */
    const struct stack *stack; /* of `process`; never NULL if the way is known */
};

/* Where a handle comes from that the process inherited. `others` are records that may tell, in any order,
 * `process` itself may be among them. Pure. */
struct origin origin_of(const struct process *process, const struct handle *handle,
                        struct process *const *others, size_t other_count);

/* For qsort, and to tell groups of the same origin: those of unknown origin first. */
int origin_compare(const struct origin *one, const struct origin *other);

/* "through exec from ./server", "from pid 41 ./server"; "" unknown. The caller frees it. */
char *origin_text(const struct origin *origin);

#endif
