/* Description: loads libplugin.so, which opens a file, and unloads it again, before the file is reported. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
    void *plugin = dlopen(argv[1], RTLD_NOW);
    if (!plugin)
        return puts(dlerror());
    int (*plugin_open)(void) = (int (*)(void))dlsym(plugin, "plugin_open");
    printf("%d\n", plugin_open());
    return dlclose(plugin);
}
