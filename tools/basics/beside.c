/* beside.c - see beside.h */
#include "tools/basics/beside.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/basics/memory.h"
#include "tools/names/symbols.h"

FILE *beside_open(const char *file, const char *executable) {
    FILE *stream = fopen(file, "re");
    if (stream || errno != ENOENT || *file == '/' || *executable != '/')
        return stream;
    char *beside = memory_format("%.*s%s", (int)(symbols_base_name(executable) - executable), executable, file);
    stream = fopen(beside, "re");
    free(beside);
    return stream;
}
