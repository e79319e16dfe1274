/* Description: opens and closes before main: in a resolver of an ifunc, in .preinit_array and in a constructor;
 * the file of the constructor is forgotten. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int preinit_fd = -2, constructor_fd = -2, resolved;

static int answer(void) { return 42; }
static __typeof__(answer) *resolve(void) {
    close(-1); /* the loader may not have relocated the library yet */
    return answer;
}
int ask(void) __attribute__((ifunc("resolve")));

static void preinit(void) {
    preinit_fd = open("/dev/null", O_RDONLY);
    close(preinit_fd);
}
__attribute__((section(".preinit_array"), used)) static void (*preinit_entry)(void) = preinit;

__attribute__((constructor)) static void construct(void) { constructor_fd = open("/dev/null", O_RDONLY); }

int main(void) {
    resolved = ask();
    printf("%d %d %d\n", preinit_fd, constructor_fd, resolved);
    return 0;
}
