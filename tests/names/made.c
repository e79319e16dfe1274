/* made.c - makes code while it runs, as Java and JavaScript do, and lists it for perf: a function with a frame pointer
 * that calls another one, which opens a file. With an argument the list is as old as one of another process with our
 * number. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile int calls;

static __attribute__((noinline)) int open_it(const char *name) {
    int file = open(name, O_RDONLY);
    calls++;
    return file;
}

/* push %rbp; mov %rsp,%rbp; call *%rsi; pop %rbp; ret */
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd6, 0x5d, 0xc3};

static void write_list(unsigned long start, int is_old) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    FILE *list = fopen(path, "w");
    fprintf(list, "nonsense\n%lx 1000 thrown away since\n%lx %zx JS:~openIt /srv/app.js:2:16\n", start - 8, start,
            sizeof code);
    fclose(list);
    struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    if (is_old)
        utimensat(AT_FDCWD, path, long_ago, 0);
}

int main(int count, char **arguments) {
    (void)arguments;
    unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page + 64, code, sizeof code);
    write_list((unsigned long)(page + 64), count > 1);
    int (*made)(const char *, int (*)(const char *)) = (int (*)(const char *, int (*)(const char *)))(page + 64);
    int file = made("/dev/null", open_it);
    calls++;
    return file < 0;
}
