/* uses.c - uses of descriptors that the program has closed (option misuse=2).
 *
 * A wrapper that everybody meets would cost every read and write of every program, so these are not exported:
 * the addresses by which the loaded modules call libc are replaced, and only where the option asks for it; of
 * what is loaded later by dlopen, too. Calls by other ways (dlsym, syscall) are not seen. */
#include <errno.h>
#include <dlfcn.h>
#include <link.h>
#include <mqueue.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <termios.h>

#include "shim/context.h"
#include "shim/real.h"
#include "tracker/large.h"
#include "tracker/tracker.h"

#if defined(__x86_64__)
enum { CALLED = R_X86_64_JUMP_SLOT, POINTED_TO = R_X86_64_GLOB_DAT };
#else
#error "which relocations hold the addresses of functions on this machine?"
#endif

/* The functions that the names mean. */
static LARGE struct {
#define USE_BY_HAND(returns, name, parameters) returns(*name) parameters;
#include "shim/uses.def"
} used;

/* ---- the wrappers ---- */

/* Behind a call that has failed with EBADF. */
static void use_failed(const int *fds, size_t count, bool asks, const char *call, uintptr_t caller) {
    for (size_t i = 0; i < count && context_is_watched(); i++)
        tracker_used(fds[i], asks, call, caller);
}

#define WRAPPER(returns, name, told, asks, parameters, arguments, ...)                                         \
    static returns use_##name parameters {                                                                     \
        returns result = used.name arguments;                                                                  \
        const int fds[] = {__VA_ARGS__};                                                                       \
        if (result == -1 && errno == EBADF)                                                                    \
            use_failed(fds, sizeof fds / sizeof *fds, asks, told, CALLER);                                     \
        return result;                                                                                         \
    }
#define USE_TOLD(returns, name, told, parameters, arguments, ...)                                              \
    WRAPPER(returns, name, told, false, parameters, arguments, __VA_ARGS__)
#define ASKS_TOLD(returns, name, told, parameters, arguments, ...)                                             \
    WRAPPER(returns, name, told, true, parameters, arguments, __VA_ARGS__)
#include "shim/uses.def"

/* These return the error. */
static int told_by_result(int result, int fd, const char *call, uintptr_t caller) {
    if (result == EBADF)
        use_failed(&fd, 1, false, call, caller);
    return result;
}

static int use_posix_fallocate(int fd, off_t at, off_t bytes) {
    return told_by_result(used.posix_fallocate(fd, at, bytes), fd, "posix_fallocate", CALLER);
}

static int use_posix_fallocate64(int fd, off64_t at, off64_t bytes) {
    return told_by_result(used.posix_fallocate64(fd, at, bytes), fd, "posix_fallocate64", CALLER);
}

static int use_posix_fadvise(int fd, off_t at, off_t bytes, int advice) {
    return told_by_result(used.posix_fadvise(fd, at, bytes, advice), fd, "posix_fadvise", CALLER);
}

static int use_posix_fadvise64(int fd, off64_t at, off64_t bytes, int advice) {
    return told_by_result(used.posix_fadvise64(fd, at, bytes, advice), fd, "posix_fadvise64", CALLER);
}

/* What libc makes dprintf of, whatever the program calls so. */
static int (*print)(int fd, const char *format, va_list list);
static int (*print_checked)(int fd, int flag, const char *format, va_list list);

static int printed(int result, int fd, uintptr_t caller) {
    if (result == -1 && errno == EBADF)
        use_failed(&fd, 1, false, "dprintf", caller);
    return result;
}

static int use_dprintf(int fd, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int result = print(fd, format, list);
    va_end(list);
    return printed(result, fd, CALLER);
}

static int use___dprintf_chk(int fd, int flag, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int result = print_checked(fd, flag, format, list);
    va_end(list);
    return printed(result, fd, CALLER);
}

/* poll fails for nobody: it marks those that are closed. */
static int polled(int result, const struct pollfd *list, nfds_t count, const char *call, uintptr_t caller) {
    for (nfds_t i = 0; result > 0 && i < count; i++)
        if (list[i].revents & POLLNVAL)
            use_failed(&list[i].fd, 1, true, call, caller);
    return result;
}

static int use_poll(struct pollfd *list, nfds_t count, int patience) {
    return polled(used.poll(list, count, patience), list, count, "poll", CALLER);
}

static int use___poll_chk(struct pollfd *list, nfds_t count, int patience, size_t room) {
    return polled(used.__poll_chk(list, count, patience, room), list, count, "poll", CALLER);
}

static int use_ppoll(struct pollfd *list, nfds_t count, const struct timespec *patience, const sigset_t *mask) {
    return polled(used.ppoll(list, count, patience, mask), list, count, "ppoll", CALLER);
}

static int use___ppoll_chk(struct pollfd *list, nfds_t count, const struct timespec *patience,
                           const sigset_t *mask, size_t room) {
    return polled(used.__ppoll_chk(list, count, patience, mask, room), list, count, "ppoll", CALLER);
}

/* The sets of select, which may be NULL. */
struct sets {
    int count;
    const fd_set *set[3];
};

static bool is_in(int fd, const struct sets *sets) {
    for (int i = 0; i < 3; i++)
        if (sets->set[i] && FD_ISSET(fd, sets->set[i]))
            return true;
    return false;
}

/* To select a descriptor that only keeps a number is a ready one. */
static bool keeps_one(const struct sets *sets) {
    for (int fd = 0; tracker_quarantines && fd < sets->count; fd++)
        if (is_in(fd, sets) && tracker_is_quarantined(fd))
            return true;
    return false;
}

static bool is_closed(int fd) { return tracker_is_quarantined(fd) || SYS(SYS_fcntl, fd, F_GETFD) == -EBADF; }

/* select does not say which one it was. */
static int selected(int result, const struct sets *sets, const char *call, uintptr_t caller) {
    if (result != -1 || errno != EBADF || tracker_is_locked_down())
        return result;
    for (int fd = 0; fd < sets->count; fd++)
        if (is_in(fd, sets) && is_closed(fd))
            use_failed(&fd, 1, true, call, caller);
    return result;
}

static int use_select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                      struct timeval *patience) {
    const struct sets sets = {count, {readable, writable, exceptional}};
    int result =
        keeps_one(&sets) ? fails_with(EBADF) : used.select(count, readable, writable, exceptional, patience);
    return selected(result, &sets, "select", CALLER);
}

static int use_pselect(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                       const struct timespec *patience, const sigset_t *mask) {
    const struct sets sets = {count, {readable, writable, exceptional}};
    int result = keeps_one(&sets) ? fails_with(EBADF)
                                  : used.pselect(count, readable, writable, exceptional, patience, mask);
    return selected(result, &sets, "pselect", CALLER);
}

/* Filled where the option asks for it: a constant one would be relocated at the start of every process. */
static LARGE struct use {
    const char *name;
    void *wrapper;
    void **real;
} uses[sizeof used / sizeof(void *)];
enum { USES = sizeof uses / sizeof uses[0] };

static void fill_uses(void) {
    struct use *use = uses;
#define USE_BY_HAND(returns, name, parameters)                                                                 \
    *use++ = (struct use){#name, (void *)use_##name, (void **)&used.name};
#include "shim/uses.def"
}

/* ---- which function a name means ---- */

static bool same_name(const char *one, const char *other) {
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

/* What calls of the name reach, NULL where that is a function of the program's own, which may be anything. */
static void *function_of(const char *name) {
    void *found = dlsym(RTLD_DEFAULT, name);
    struct dl_find_object owner;
    if (!found || _dl_find_object(found, &owner))
        return NULL;
    if (*owner.dlfo_link_map->l_name)
        return found;
    /* a program that is no PIE and takes the function's address lends it one of its own, without a definition
     */
    Dl_info about;
    const ElfW(Sym) *symbol = NULL;
    bool lent =
        dladdr1(found, &about, (void **)&symbol, RTLD_DL_SYMENT) && symbol && symbol->st_shndx == SHN_UNDEF;
    return lent ? dlsym(RTLD_NEXT, name) : NULL;
}

static const struct use *use_of(const char *name) {
    for (size_t i = 0; i < USES; i++)
        if (same_name(uses[i].name, name))
            return *uses[i].real ? &uses[i] : NULL;
    return NULL;
}

/* ---- a module ---- */

struct range {
    uintptr_t first, end;
};

static bool contains(struct range range, const void *place) {
    return (uintptr_t)place >= range.first && (uintptr_t)place < range.end;
}

/* The parts of a module that lead to its references. */
struct module {
    uintptr_t bias;
    struct range all, read_only; /* what the loader has made read-only after relocation (-z relro) */
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Rela) * calls, *others;
    size_t call_bytes, other_bytes;
};

static void read_dynamic(struct module *module, const ElfW(Dyn) * entry) {
    for (; entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_SYMTAB:
            module->symbols = (const void *)entry->d_un.d_ptr;
            break;
        case DT_STRTAB:
            module->names = (const void *)entry->d_un.d_ptr;
            break;
        case DT_JMPREL:
            module->calls = (const void *)entry->d_un.d_ptr;
            break;
        case DT_PLTRELSZ:
            module->call_bytes = entry->d_un.d_val;
            break;
        case DT_RELA:
            module->others = (const void *)entry->d_un.d_ptr;
            break;
        case DT_RELASZ:
            module->other_bytes = entry->d_un.d_val;
            break;
        }
    }
}

static struct module module_of(const struct dl_phdr_info *info) {
    struct module module = {.bias = info->dlpi_addr, .all = {UINTPTR_MAX, 0}};
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t first = module.bias + segment->p_vaddr, end = first + segment->p_memsz;
        if (segment->p_type == PT_LOAD) {
            module.all.first = first < module.all.first ? first : module.all.first;
            module.all.end = end > module.all.end ? end : module.all.end;
        } else if (segment->p_type == PT_GNU_RELRO)
            module.read_only = (struct range){first & ~(uintptr_t)4095, end & ~(uintptr_t)4095};
        else if (segment->p_type == PT_DYNAMIC)
            read_dynamic(&module, (const void *)first);
    }
    return module;
}

/* ---- its references ---- */

/* Another definition than the usual one may stand there (of another version, of a scope of its own): that
 * stays. What was not called yet leads back into the module, and will lead to the usual one. */
static bool is_usual(const struct module *module, const ElfW(Sym) * symbol, const void *target,
                     const struct use *use) {
    return target == *use->real || (symbol->st_shndx == SHN_UNDEF && contains(module->all, target));
}

static void replace(const struct module *module, void **place, void *wrapper) {
    uintptr_t page = (uintptr_t)place & ~(uintptr_t)4095;
    bool is_locked = contains(module->read_only, place);
    if (is_locked && SYS(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE))
        return;
    __atomic_store_n(place, wrapper, __ATOMIC_RELAXED); /* a thread that runs meets the one or the other */
    if (is_locked)
        SYS(SYS_mprotect, page, 4096, PROT_READ);
}

static void replace_all(const struct module *module, const ElfW(Rela) * list, size_t bytes) {
    for (size_t i = 0; list && i < bytes / sizeof *list; i++) {
        unsigned type = ELF64_R_TYPE(list[i].r_info);
        if (type != CALLED && type != POINTED_TO)
            continue;
        const ElfW(Sym) *symbol = &module->symbols[ELF64_R_SYM(list[i].r_info)];
        const struct use *use = use_of(module->names + symbol->st_name);
        void **place = (void **)(module->bias + list[i].r_offset);
        if (use && is_usual(module, symbol, *place, use))
            replace(module, place, use->wrapper);
    }
}

/* ---- all modules ---- */

/* libc and the loader call themselves, and who is part of us is to stay as it is. */
static bool is_left_alone(const struct module *module) {
    return contains(module->all, (const void *)real.__libc_start_main) ||
           contains(module->all, (const void *)&uses) || module->bias == getauxval(AT_BASE) ||
           module->bias == getauxval(AT_SYSINFO_EHDR);
}

/* Those from the module at `first` on: what it needs was loaded behind it. */
struct reach {
    uintptr_t first;
    bool begun;
};

static int reach(struct dl_phdr_info *info, size_t size, void *context) {
    struct reach *range = context;
    range->begun |= info->dlpi_addr == range->first;
    struct module module = module_of(info);
    if (!range->begun || !module.symbols || !module.names || is_left_alone(&module))
        return 0;
    replace_all(&module, module.calls, module.call_bytes);
    replace_all(&module, module.others, module.other_bytes);
    return 0;
}

/* The loader's lock is held meanwhile: nothing is unloaded, and no two threads unlock and lock the same page.
 * Only our own namespace is met: another has a libc, and an errno, of its own. */
static void uses_reach(const struct link_map *module) {
    if (!tracker_is_locked_down())
        dl_iterate_phdr(reach, &(struct reach){.first = module->l_addr});
}

/* Start-up only: of what is loaded by now. */
static void uses_start(void) {
    if (!tracker_wants_uses())
        return;
    fill_uses();
    print = dlsym(RTLD_NEXT, "vdprintf");
    print_checked = dlsym(RTLD_NEXT, "__vdprintf_chk");
    for (size_t i = 0; i < USES; i++)
        *uses[i].real = function_of(uses[i].name);
    dl_iterate_phdr(reach, &(struct reach){.begun = true});
}
