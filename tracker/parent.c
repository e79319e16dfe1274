/* parent.c - see parent.h: the library's name in the parent's list of mappings. */
#include "tracker/parent.h"

#include <fcntl.h>
#include <stddef.h>

#include "tracker/modules.h"
#include "tracker/sys.h"
#include "tracker/text.h"

bool parent_is_watched(void) {
    const char *library = text_base_name(modules_own_path());
    char path[64], part[1024 + 1];
    struct text text = TEXT_IN(path);
    text_string(&text, "/proc/");
    text_decimal(&text, SYS(SYS_getppid));
    text_string(&text, "/maps");
    long file = SYS(SYS_open, path, O_RDONLY | O_CLOEXEC);
    if (sys_failed(file))
        return false;
    size_t have = 0, name = text_length(library);
    bool found = false;
    for (long got; !found && name && (got = SYS(SYS_read, file, part + have, sizeof part - have)) > 0;) {
        have += (size_t)got;
        for (size_t at = 0; at + name <= have && !found; at++)
            found = text_same(part + at, library, name);
        size_t keep = have < name ? have : name; /* the name may lie across two reads */
        text_copy(part, part + have - keep, keep);
        have = keep;
    }
    SYS(SYS_close, file);
    return found;
}
