/* unwatched.c - see unwatched.h. */
#include "tracker/unwatched.h"

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tracker/probe.h"
#include "tracker/record_format.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum {
    PATH_BYTES = 1024,
    HEAD_BYTES = 1024,
    SCRIPTS = 4 /* interpreters of interpreters, as the kernel allows */
};

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
#else
enum { OUR_MACHINE = EM_AARCH64 };
#endif

static bool holds(const char *text, const char *part) {
    for (; text && *text; text++)
        if (text_starts(text, part))
            return true;
    return false;
}

/* As execvp: the first file in PATH that may be executed; without PATH libc looks in these two. */
static bool find_in_path(const char *file, const char *path, char *found) {
    if (!path)
        path = "/bin:/usr/bin";
    while (path) {
        size_t run = 0;
        while (path[run] && path[run] != ':')
            run++;
        struct text text = {.start = found, .capacity = PATH_BYTES};
        text_bytes(&text, run ? path : ".", run ? run : 1);
        text_string(&text, "/");
        text_string(&text, file);
        if (!text.cut && SYS(SYS_faccessat, AT_FDCWD, found, 1 /* X_OK */) == 0)
            return true;
        path = path[run] ? path + run + 1 : NULL;
    }
    return false;
}

/* The interpreter behind #!, cut out in place. */
static bool script_interpreter(char *head, size_t bytes, char *interpreter) {
    size_t at = 2, start;
    while (at < bytes && (head[at] == ' ' || head[at] == '\t'))
        at++;
    for (start = at; at < bytes && head[at] > ' '; at++)
        ;
    struct text text = {.start = interpreter, .capacity = PATH_BYTES};
    text_bytes(&text, head + start, at - start);
    return at < bytes && text.length && !text.cut;
}

static const char *reason_of_elf(const char *head, size_t bytes) {
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)head;
    if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != OUR_MACHINE)
        return "architecture";
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(head + elf->e_phoff);
    if (elf->e_phoff > bytes || bytes - elf->e_phoff < elf->e_phnum * sizeof *segment)
        return NULL; /* somewhere else in the file: unusual, and not worth a guess */
    for (int i = 0; i < elf->e_phnum; i++)
        if (segment[i].p_type == PT_INTERP)
            return NULL;
    return "static";
}

static bool gains_privileges(long file) {
    struct stat status;
    if (SYS(SYS_fstat, file, &status))
        return false;
    if (status.st_mode & S_ISUID && status.st_uid != (uid_t)SYS(SYS_geteuid))
        return true;
    if (status.st_mode & S_ISGID && status.st_mode & S_IXGRP && status.st_gid != (gid_t)SYS(SYS_getegid))
        return true;
    return SYS(SYS_geteuid) != 0 && SYS(SYS_fgetxattr, file, "security.capability", 0, 0) > 0;
}

/* Why the loader will not preload us into this program; NULL: it will, as far as can be seen. Follows scripts
 * to their interpreters: `path` is changed. */
static __attribute__((noinline)) const char *
reason_of(char *path) { /* its buffer is not for the caller's stack all along */
    _Alignas(8) char head[HEAD_BYTES];
    for (int scripts = 0; scripts < SCRIPTS; scripts++) {
        long file = SYS(SYS_open, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (sys_failed(file))
            return NULL;
        long bytes = SYS(SYS_read, file, head, sizeof head);
        bool privileged = gains_privileges(file);
        SYS(SYS_close, file);
        if (bytes > 2 && head[0] == '#' && head[1] == '!' && script_interpreter(head, (size_t)bytes, path))
            continue;
        if (bytes < (long)sizeof(Elf64_Ehdr) || !text_same(head, ELFMAG, SELFMAG))
            return NULL;
        return privileged ? "privileges" : reason_of_elf(head, (size_t)bytes);
    }
    return NULL;
}

static __attribute__((noinline)) void append(const char *folder, const char *reason, const char *path) {
    char line[PATH_BYTES + 64];
    struct text text = TEXT_IN(line);
    text_string(&text, folder);
    text_string(&text, "/" RECORD_UNWATCHED);
    struct rlimit limit = {0, 0}; /* a launcher may have bounded its child already: SIGXFSZ would end it */
    if (SYS(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit) || limit.rlim_cur != RLIM_INFINITY)
        return;
    long file = SYS(SYS_open, line, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (sys_failed(file))
        return;
    text = (struct text)TEXT_IN(line);
    text_string(&text, reason);
    text_string(&text, "\t");
    text_string(&text, path);
    text_string(&text, "\n");
    SYS(SYS_write, file, line, text.length); /* one write: lines of others do not mix with it */
    SYS(SYS_close, file);
}

/* The kernel answers EFAULT to what cannot be read; so it must get there. */
static bool readable(const char *file, char *const *environment) {
    probe_page known = 0;
    if (file && !probe_text(&known, file))
        return false;
    for (; environment; environment++) {
        if (!probe_bytes(&known, environment, sizeof *environment))
            return false;
        if (!*environment)
            return true;
        if (!probe_text(&known, *environment))
            return false;
    }
    return true;
}

void unwatched_note(const char *folder, const char *file, bool search, char *const *environment) {
    char path[PATH_BYTES];
    if (!readable(file, environment))
        return;
    struct text text = TEXT_IN(path);
    bool named = file && *text_base_name(file);
    text_string(&text, named ? file : "?");
    if (named && search && text_base_name(file) == file &&
        !find_in_path(file, text_environment(environment, "PATH"), path))
        return;
    const char *reason = named ? reason_of(path) : NULL;
    if (!reason && !holds(text_environment(environment, "LD_PRELOAD"), "libleftopen"))
        reason = "environment";
    if (reason)
        append(folder, reason, path);
}
