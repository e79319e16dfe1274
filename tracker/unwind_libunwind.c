/* unwind_libunwind.c - libunwind's cached unw_backtrace, opened privately and kept away from the process.
 *
 * libunwind 1.6 checks memory by writing a byte of it into a pipe that it opens on first use and keeps; it asks
 * the loader for modules under the loader's lock; and it would call wrappers of the library. None of that may
 * happen in a program that is not ours (libunwind#291, gperftools#775). So after dlopen its own table of
 * imported functions is rewired to the functions below. They answer themselves while a thread of ours is
 * inside, and else pass on to what libunwind would have called: the program may use the same library.
 *
 * dlopen(RTLD_LOCAL) keeps its _Unwind_* out of the program's sight.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "tracker/sys.h"
#include "tracker/unwind_backends.h"
#include "tracker/unwind_frame_info.h"

#define PAGE_BYTES 4096ul
#define STACK_BYTES_NEEDED (12ul << 10) /* libunwind takes 7 to 8 KiB; the rest is for signal frames */
enum { FRAMES_MAXIMUM = UNWIND_MAXIMUM_FRAMES + UNWIND_OWN_FRAMES };

static int (*backtrace_by_libunwind)(void **, int);

static _Thread_local struct {
    bool inside;
    uintptr_t room; /* lowest address of this stack that was seen to be readable */
} libunwind_thread;

static bool inside(void) { return libunwind_thread.inside; }

/* What libunwind was bound to. */
static struct {
    int (*pipe)(int *);
    int (*pipe2)(int *, int);
    int (*open)(const char *, int, ...);
    int (*close)(int);
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*write)(int, const void *, size_t);
    long (*syscall)(long, ...);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
    int (*msync)(void *, size_t, int);
    int (*mincore)(void *, size_t, unsigned char *);
    int (*sigprocmask)(int, const sigset_t *, sigset_t *);
    int (*dl_iterate_phdr)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
} bound;

static long with_errno(long result) {
    if (!sys_failed(result))
        return result;
    errno = (int)-result;
    return -1;
}

static int no_descriptor(void) {
    errno = EMFILE;
    return -1;
}

static int isolated_pipe(int *ends) { return inside() ? no_descriptor() : bound.pipe(ends); }
static int isolated_pipe2(int *ends, int flags) {
    return inside() ? no_descriptor() : bound.pipe2(ends, flags);
}
static int isolated_close(int descriptor) { return inside() ? 0 : bound.close(descriptor); }

/* As open's third argument is there or not, it is in a register. */
static int isolated_open(const char *path, int flags, unsigned mode) {
    return inside() ? no_descriptor() : bound.open(path, flags, mode);
}

/* An empty pipe. */
static ssize_t isolated_read(int descriptor, void *bytes, size_t count) {
    if (!inside())
        return bound.read(descriptor, bytes, count);
    errno = EAGAIN;
    return -1;
}

/* A pipe that takes what can be read. errno must not stay EINTR: libunwind would repeat the call for ever. */
static ssize_t write_into_nothing(uintptr_t bytes, size_t count) {
    bool readable = stack_probe(bytes);
    errno = readable ? 0 : EFAULT;
    return readable ? (ssize_t)count : -1;
}

static ssize_t isolated_write(int descriptor, const void *bytes, size_t count) {
    return inside() ? write_into_nothing((uintptr_t)bytes, count) : bound.write(descriptor, bytes, count);
}

/* Variadic for its callers: where fewer arguments were given, the rest are whatever the registers hold, as in
 * libc's own. */
static long isolated_syscall(long number, long a, long b, long c, long d, long e, long f) {
    if (!inside())
        return bound.syscall(number, a, b, c, d, e, f);
    if (number == SYS_write)
        return write_into_nothing((uintptr_t)b, (size_t)c);
    return with_errno(sys_call(number, a, b, c, d, e, f));
}

static void *isolated_mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                           off_t offset) {
    if (!inside())
        return bound.mmap(address, bytes, protection, flags, descriptor, offset);
    return (void *)with_errno(SYS(SYS_mmap, address, bytes, protection, flags, descriptor, offset));
}

static int isolated_munmap(void *address, size_t bytes) {
    return inside() ? (int)with_errno(SYS(SYS_munmap, address, bytes)) : bound.munmap(address, bytes);
}

static int isolated_msync(void *address, size_t bytes, int flags) {
    return inside() ? (int)with_errno(SYS(SYS_msync, address, bytes, flags))
                    : bound.msync(address, bytes, flags);
}

static int isolated_mincore(void *address, size_t bytes, unsigned char *resident) {
    if (!inside())
        return bound.mincore(address, bytes, resident);
    return (int)with_errno(SYS(SYS_mincore, address, bytes, resident));
}

static int isolated_sigprocmask(int how, const sigset_t *set, sigset_t *before) {
    if (!inside())
        return bound.sigprocmask(how, set, before);
    return (int)with_errno(SYS(SYS_rt_sigprocmask, how, set, before, 8));
}

typedef int (*module_callback)(struct dl_phdr_info *, size_t, void *);

/* libunwind asks for all modules to find the one of an address. The address is the first word of its callback's
 * data (struct dwarf_callback_data, in 1.1 … 1.8), so that module alone is told, and found without the loader's
 * lock. If a version has another word there, no module is found, no frame either, and libunwind_start says so.
 * A libc that has no _dl_find_object leaves only the lock. */
static int isolated_dl_iterate_phdr(module_callback callback, void *data) {
    if (!inside() || !frame_info_available())
        return bound.dl_iterate_phdr(callback, data);
    struct frame_segments found;
    if (!frame_info_segments(*(const uintptr_t *)data, &found))
        return 0;
    struct dl_phdr_info module = {.dlpi_addr = found.bias,
                                  .dlpi_name = "",
                                  .dlpi_phdr = found.segment,
                                  .dlpi_phnum = (Elf64_Half)found.count,
                                  .dlpi_adds = 1};
    return callback(&module, sizeof module, data);
}

struct isolated {
    char name[16];
    void *function;
    void **bound;
};
#define ISOLATED(name)                                                                                         \
    { #name, (void *)isolated_##name, (void **)&bound.name }
static const struct isolated isolated[] = {
    ISOLATED(close),           /**/
    ISOLATED(dl_iterate_phdr), /**/
    ISOLATED(mincore),         /**/
    ISOLATED(mmap),            /**/
    ISOLATED(msync),           /**/
    ISOLATED(munmap),          /**/
    ISOLATED(open),            /**/
    ISOLATED(pipe),            /**/
    ISOLATED(pipe2),           /**/
    ISOLATED(read),            /**/
    ISOLATED(sigprocmask),     /**/
    ISOLATED(syscall),         /**/
    ISOLATED(write),           /**/
};
enum { ISOLATED_COUNT = sizeof isolated / sizeof *isolated };

static const struct isolated *find_isolated(const char *name) {
    for (unsigned i = 0; i < ISOLATED_COUNT; i++)
        for (unsigned j = 0; isolated[i].name[j] == name[j]; j++)
            if (!name[j])
                return &isolated[i];
    return NULL;
}

/* The parts of libunwind's dynamic section that say which words hold addresses of imported functions. */
struct imports {
    uintptr_t bias;
    const Elf64_Sym *symbols;
    const char *names;
    const Elf64_Rela *tables[2]; /* of procedures, of data */
    size_t table_bytes[2];
    uintptr_t read_only, read_only_end;
};

static void find_read_only(struct imports *imports) {
    const Elf64_Ehdr *file = (const Elf64_Ehdr *)imports->bias; /* libraries are linked at 0 */
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(imports->bias + file->e_phoff);
    for (unsigned i = 0; i < file->e_phnum; i++)
        if (segment[i].p_type == PT_GNU_RELRO) {
            imports->read_only = imports->bias + segment[i].p_vaddr;
            imports->read_only_end = imports->read_only + segment[i].p_memsz;
        }
}

static struct imports find_imports(const struct link_map *map) {
    struct imports imports = {.bias = map->l_addr};
    for (const Elf64_Dyn *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        const void *place = (const void *)entry->d_un.d_ptr; /* the loader has added the bias */
        switch (entry->d_tag) {
        case DT_SYMTAB:
            imports.symbols = place;
            break;
        case DT_STRTAB:
            imports.names = place;
            break;
        case DT_JMPREL:
            imports.tables[0] = place;
            break;
        case DT_PLTRELSZ:
            imports.table_bytes[0] = entry->d_un.d_val;
            break;
        case DT_RELA:
            imports.tables[1] = place;
            break;
        case DT_RELASZ:
            imports.table_bytes[1] = entry->d_un.d_val;
            break;
        }
    }
    find_read_only(&imports);
    return imports;
}

/* Release: whoever calls through the word sees `bound` filled. */
static bool rewire(const struct imports *imports, const Elf64_Rela *relocation) {
    unsigned type = ELF64_R_TYPE(relocation->r_info);
    if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
        return true;
    const Elf64_Sym *symbol = &imports->symbols[ELF64_R_SYM(relocation->r_info)];
    const struct isolated *function = find_isolated(imports->names + symbol->st_name);
    if (!function)
        return true;
    uintptr_t slot = imports->bias + relocation->r_offset;
    uintptr_t page = slot & -PAGE_BYTES;
    bool sealed = slot - imports->read_only < imports->read_only_end - imports->read_only;
    if (sealed && SYS(SYS_mprotect, page, PAGE_BYTES, PROT_READ | PROT_WRITE))
        return false;
    atomic_store_explicit((_Atomic(void *) *)slot, function->function, memory_order_release);
    return !sealed || !SYS(SYS_mprotect, page, PAGE_BYTES, PROT_READ);
}

/* Bound by name and not by the old contents of the words: those may be lazy stubs, which would overwrite ours.
 */
static bool isolate(void *handle) {
    struct link_map *map;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map))
        return false;
    for (unsigned i = 0; i < ISOLATED_COUNT; i++)
        if (!(*isolated[i].bound = dlsym(RTLD_DEFAULT, isolated[i].name)))
            return false;
    struct imports imports = find_imports(map);
    if (!imports.symbols || !imports.names)
        return false;
    for (unsigned table = 0; table < 2; table++)
        for (size_t i = 0; i < imports.table_bytes[table] / sizeof(Elf64_Rela); i++)
            if (!rewire(&imports, &imports.tables[table][i]))
                return false;
    return true;
}

/* The first walk makes libunwind set itself up. Two frames: it finds modules. */
static bool warm_up(void) {
    void *frames[16];
    libunwind_thread.inside = true;
    int count = backtrace_by_libunwind(frames, 16);
    libunwind_thread.inside = false;
    return count >= 2;
}

bool libunwind_start(void) {
    int before = errno;
    void *handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    if (handle)
        backtrace_by_libunwind = (int (*)(void **, int))dlsym(handle, "unw_backtrace");
    bool started = backtrace_by_libunwind && isolate(handle) && warm_up();
    errno = before;
    return started;
}

static bool has_room(uintptr_t stack_pointer) {
    uintptr_t wanted = (stack_pointer - STACK_BYTES_NEEDED) & -PAGE_BYTES;
    uintptr_t known = libunwind_thread.room;
    if (known && wanted >= known)
        return true;
    for (uintptr_t page = stack_pointer & -PAGE_BYTES; page >= wanted; page -= PAGE_BYTES)
        if (!stack_probe(page))
            return false;
    libunwind_thread.room = wanted;
    return true;
}

bool libunwind_enter(void) {
    uintptr_t stack_pointer;
    __asm__ volatile("mov %%rsp, %0" : "=r"(stack_pointer));
    return !inside() && stack_is_own(stack_pointer) && has_room(stack_pointer);
}

/* Copies from `caller` on, and marks what a signal interrupted. */
static struct unwind_result copy(uint64_t *frames, size_t capacity, void *const *from, size_t count,
                                 uintptr_t caller) {
    size_t first = 0;
    while (first < count && (uintptr_t)from[first] != caller)
        first++;
    if (first == count)
        return unwind_caller_only(frames, caller);
    struct unwind_result result = {.cut = count - first > capacity};
    uint64_t exact = 0;
    for (size_t i = first; i < count && result.frames < capacity; i++) {
        uintptr_t pc = (uintptr_t)from[i];
        frames[result.frames++] = pc | exact;
        exact = rules_signal_return(pc) ? RECORD_PC_EXACT : 0;
    }
    return result;
}

__attribute__((noinline)) struct unwind_result libunwind_walk(uint64_t *frames, size_t capacity,
                                                              uintptr_t caller) {
    void *all[FRAMES_MAXIMUM];
    int before = errno;
    libunwind_thread.inside = true;
    int count = backtrace_by_libunwind(all, (int)capacity + UNWIND_OWN_FRAMES);
    libunwind_thread.inside = false;
    errno = before;
    return copy(frames, capacity, all, count > 0 ? (size_t)count : 0, caller);
}
