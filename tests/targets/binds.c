/* Description: forgets a file, and lets libplugin.so (second argument) open another, loaded in the way of the
 * first:
 *
 *   plain   as usual
 *   deep    it sees its own libraries first
 *   apart   in a namespace of its own, with a libc of its own */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static void *load(const char *way, const char *file) {
    if (!strcmp(way, "deep"))
        return dlopen(file, RTLD_NOW | RTLD_DEEPBIND);
    if (!strcmp(way, "apart"))
        return dlmopen(LM_ID_NEWLM, file, RTLD_NOW);
    return dlopen(file, RTLD_NOW);
}

int main(int argc, char **argv) {
    void *plugin = load(argv[1], argv[2]);
    if (!plugin)
        return puts(dlerror());
    int (*plugin_open)(void) = (int (*)(void))dlsym(plugin, "plugin_open");
    printf("%d\n", plugin_open());
    return open("/dev/zero", O_RDONLY) < 0;
}
