/* libc_start.c - see libc_start.h. What the initializers of libc do may be done twice: they note their
 * arguments, and what follows from these. */
#include "tracker/libc_start.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

typedef void initializer(int, char **, char **);

void libc_start(int argument_count, char **arguments, char **environment) {
    Dl_info about;
    struct link_map *libc = NULL;
    initializer **initializers = NULL;
    size_t bytes = 0;
    if (!dladdr1((void *)getauxval, &about, (void **)&libc, RTLD_DL_LINKMAP) || !libc)
        return;
    for (const ElfW(Dyn) *entry = libc->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_INIT)
            ((initializer *)(libc->l_addr + entry->d_un.d_ptr))(argument_count, arguments, environment);
        if (entry->d_tag == DT_INIT_ARRAY)
            initializers = (initializer **)(libc->l_addr + entry->d_un.d_ptr);
        if (entry->d_tag == DT_INIT_ARRAYSZ)
            bytes = entry->d_un.d_val;
    }
    for (size_t i = 0; i < bytes / sizeof *initializers; i++)
        initializers[i](argument_count, arguments, environment);
}
