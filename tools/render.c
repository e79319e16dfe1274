/* render.c - see render.h */
#include "tools/render.h"

#include <string.h>

static const struct format formats[] = {
    {"text", render_text},
    {"json", render_json},
};

const struct format *render_format(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

const char *render_program(const struct process *process) {
    if (*process->arguments && **process->arguments)
        return *process->arguments;
    return *process->executable ? symbols_base_name(process->executable) : "?";
}

const char *render_thread_name(const struct process *process, int thread) {
    /* Thread ids are used again: the last entry is the thread that had it last. */
    for (size_t i = process->thread_count; thread && i-- > 0;)
        if (process->threads[i].id == thread)
            return process->threads[i].name;
    return NULL;
}
