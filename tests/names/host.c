/* host.c - calls what is in a library: linked with it, or, with the library's name, loaded and unloaded. */
#include <dlfcn.h>
#include <stddef.h>

int deep(int count);

int main(int count, char **arguments) {
#ifdef LOADS
    void *library = dlopen(arguments[count - 1], RTLD_NOW);
    int (*function)(int) = library ? (int (*)(int))dlsym(library, "deep") : NULL;
    int sum = function ? function(count) : -1;
    dlclose(library);
    return sum == -1;
#else
    (void)arguments;
    return deep(count) == -1;
#endif
}
