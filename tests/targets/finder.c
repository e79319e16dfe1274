/* Description: loads libfoundhere.so by its bare name, which only a RUNPATH of this program can find. */
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
    void *plugin = dlopen("libfoundhere.so", RTLD_NOW);
    puts(plugin ? "found" : dlerror());
    return !plugin || dlclose(plugin);
}
