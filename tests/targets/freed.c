/* Description: frees directories as memory instead of closing them, so that the next one is where the last one
 * was. */
#include <dirent.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wmismatched-dealloc"

static __attribute__((noinline)) void *open_folder(void) { return opendir("/"); }

int main(void) {
    for (int i = 0; i < 3; i++)
        free(open_folder());
}
