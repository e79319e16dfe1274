/* Description: asks for memory by syscall(2) before any constructor has run (the loader resolves an ifunc), and
 * says whether the address that it got is whole. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long early;

static int answer(void) { return 42; }

static int (*resolve(void))(void) {
    early = syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return answer;
}
int resolved(void) __attribute__((ifunc("resolve")));

int main(void) {
    int number = resolved();
    *(volatile char *)early = 1;
    printf("%d %d\n", number, early > 0x7fffffff);
    return 0;
}
