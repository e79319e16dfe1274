/* Description: no PIE, with functions named like some of libc; it takes the address of others, loads the
 * library that the argument names into a namespace of its own, and in several threads at once. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

double send(double first, double second, const char *text);
double send(double first, double second, const char *text) { return first + second + *text; }
const char *bind(const char *text);
const char *bind(const char *text) { return text + 1; }

static int error_of(int result) { return result < 0 ? errno : 0; }

static void *load(void *name) {
    enum { TIMES = 1000 };
    for (int i = 0; i < TIMES; i++)
        dlclose(dlopen(name, RTLD_NOW));
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 64;
    pthread_t threads[4];
    int (*volatile go_there)(int) = fchdir;
    printf("%d %d\n", error_of(go_there(-1)), error_of(fchdir(-1)));
    void *plugin = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
    printf("%d\n", ((int (*)(void))dlsym(plugin, "wiring_errno"))());
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, load, argv[1]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    plugin = dlopen(argv[1], RTLD_NOW);
    printf("%d\n", ((int (*)(void))dlsym(plugin, "wiring_errno"))());
    printf("%g\n", ((double (*)(void))dlsym(plugin, "wiring_send"))());
    return 0;
}
