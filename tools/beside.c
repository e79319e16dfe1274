/* beside.c - see beside.h */
#include "tools/beside.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/memory.h"
#include "tools/symbols.h"

FILE *beside_open(const char *file, const char *executable) {
    FILE *stream = fopen(file, "re");
    if (stream || errno != ENOENT || *file == '/' || *executable != '/')
        return stream;
    char *beside = memory_format("%.*s%s", (int)(symbols_base_name(executable) - executable), executable, file);
    stream = fopen(beside, "re");
    free(beside);
    return stream;
}
