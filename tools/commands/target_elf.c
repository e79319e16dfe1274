/* target_elf.c - see target_elf.h. */
#include "tools/commands/target_elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined __x86_64__
enum { OWN_MACHINE = EM_X86_64 };
#elif defined __aarch64__
enum { OWN_MACHINE = EM_AARCH64 };
#endif

static const struct machine {
    unsigned machine;
    int class;
    const char *name;
} machines[] = {
    {EM_X86_64, ELFCLASS64, "x86-64"},         {EM_X86_64, ELFCLASS32, "x32"},
    {EM_386, ELFCLASS32, "32-bit x86"},        {EM_AARCH64, ELFCLASS64, "64-bit ARM"},
    {EM_ARM, ELFCLASS32, "32-bit ARM"},        {EM_RISCV, ELFCLASS64, "64-bit RISC-V"},
    {EM_PPC64, ELFCLASS64, "64-bit POWER"},    {EM_S390, ELFCLASS64, "64-bit IBM Z"},
    {EM_MIPS, ELFCLASS64, "64-bit MIPS"},      {EM_MIPS, ELFCLASS32, "32-bit MIPS"},
    {EM_LOONGARCH, ELFCLASS64, "LoongArch64"},
};

static const char *machine_name(unsigned machine, int class) {
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        if (machines[i].machine == machine && machines[i].class == class)
            return machines[i].name;
    return "another machine";
}

static bool find_header(Elf *image, GElf_Word type, GElf_Phdr *header) {
    size_t count = 0;
    elf_getphdrnum(image, &count);
    for (size_t i = 0; i < count; i++)
        if (gelf_getphdr(image, (int)i, header) && header->p_type == type)
            return true;
    return false;
}

/* Where the byte at an address lies in the file, 0: nowhere. */
static GElf_Off offset_of_address(Elf *image, GElf_Addr address) {
    size_t count = 0;
    GElf_Phdr header;
    elf_getphdrnum(image, &count);
    for (size_t i = 0; i < count; i++)
        if (gelf_getphdr(image, (int)i, &header) && header.p_type == PT_LOAD && address >= header.p_vaddr &&
            address - header.p_vaddr < header.p_filesz)
            return address - header.p_vaddr + header.p_offset;
    return 0;
}

/* The dynamic section, and the table of strings that its entries point into. */
struct dynamic {
    Elf_Data *entries;
    size_t count;
    const char *strings;
    size_t string_bytes;
};

static bool read_dynamic(Elf *image, struct dynamic *dynamic) {
    GElf_Phdr header;
    GElf_Dyn entry;
    GElf_Addr strings = 0;
    if (!find_header(image, PT_DYNAMIC, &header))
        return false;
    dynamic->entries = elf_getdata_rawchunk(image, (int64_t)header.p_offset, header.p_filesz, ELF_T_DYN);
    if (!dynamic->entries)
        return false;
    dynamic->count = header.p_filesz / gelf_fsize(image, ELF_T_DYN, 1, EV_CURRENT);
    for (size_t i = 0; i < dynamic->count && gelf_getdyn(dynamic->entries, (int)i, &entry); i++) {
        if (entry.d_tag == DT_STRTAB)
            strings = entry.d_un.d_ptr;
        if (entry.d_tag == DT_STRSZ)
            dynamic->string_bytes = entry.d_un.d_val;
    }
    GElf_Off offset = offset_of_address(image, strings);
    Elf_Data *data =
        offset ? elf_getdata_rawchunk(image, (int64_t)offset, dynamic->string_bytes, ELF_T_BYTE) : NULL;
    dynamic->strings = data ? data->d_buf : NULL;
    return dynamic->strings && dynamic->string_bytes && !dynamic->strings[dynamic->string_bytes - 1];
}

/* True if an entry with this tag names a library that starts with `prefix`. */
static bool names_library(const struct dynamic *dynamic, GElf_Sxword tag, const char *prefix) {
    GElf_Dyn entry;
    for (size_t i = 0; i < dynamic->count && gelf_getdyn(dynamic->entries, (int)i, &entry); i++)
        if (entry.d_tag == tag && entry.d_un.d_val < dynamic->string_bytes &&
            strncmp(dynamic->strings + entry.d_un.d_val, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* `ld.so PROGRAM` has no loader of its own, and yet it loads what LD_PRELOAD names. */
static bool is_loader_itself(const struct dynamic *dynamic) {
    return names_library(dynamic, DT_SONAME, "ld-linux");
}

static void look_at_loader(Elf *image, const GElf_Phdr *header, struct target_elf *elf) {
    Elf_Data *data = elf_getdata_rawchunk(image, (int64_t)header->p_offset, header->p_filesz, ELF_T_BYTE);
    if (!data || data->d_size == 0 || ((char *)data->d_buf)[data->d_size - 1] != '\0')
        return;
    const char *loader = data->d_buf;
    if (strstr(loader, "/ld-musl-")) {
        snprintf(elf->reason, sizeof elf->reason, "is linked against musl, and libleftopen.so against glibc");
    } else if (access(loader, F_OK) != 0) {
        elf->loader_missing = true;
        snprintf(elf->reason, sizeof elf->reason, "cannot be executed: its loader %.400s: %s", loader,
                 strerror(errno));
    }
}

static void look_at_image(Elf *image, struct target_elf *elf) {
    GElf_Ehdr header;
    GElf_Phdr loader;
    struct dynamic dynamic = {0};
    if (!gelf_getehdr(image, &header))
        return;
    if (header.e_machine != OWN_MACHINE || gelf_getclass(image) != ELFCLASS64) {
        snprintf(elf->reason, sizeof elf->reason, "is a program for %s, and libleftopen.so for %s",
                 machine_name(header.e_machine, gelf_getclass(image)), machine_name(OWN_MACHINE, ELFCLASS64));
        return;
    }
    bool is_dynamic = read_dynamic(image, &dynamic);
    elf->address_sanitizer = is_dynamic && names_library(&dynamic, DT_NEEDED, "libasan.so");
    if (find_header(image, PT_INTERP, &loader))
        look_at_loader(image, &loader, elf);
    else if (!is_dynamic || !is_loader_itself(&dynamic))
        snprintf(elf->reason, sizeof elf->reason, "is statically linked");
}

static bool gains_no_privileges(const char *path) {
    struct statvfs mount;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
           (statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0);
}

/* The loader ignores LD_PRELOAD where the kernel sets AT_SECURE: in security/commoncap.c
 * cap_bprm_creds_from_file() compares the new effective ids with the real ids of the caller, and file
 * capabilities count unless the caller is root. */
static void look_at_privileges(const char *path, struct target_elf *elf) {
    struct stat status;
    if (gains_no_privileges(path) || stat(path, &status) != 0)
        return;
    if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid())
        snprintf(elf->reason, sizeof elf->reason, "is setuid to user %u, so that nothing may be preloaded",
                 (unsigned)status.st_uid);
    else if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 && status.st_gid != getgid())
        snprintf(elf->reason, sizeof elf->reason, "is setgid to group %u, so that nothing may be preloaded",
                 (unsigned)status.st_gid);
    else if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
        snprintf(elf->reason, sizeof elf->reason, "has file capabilities, so that nothing may be preloaded");
}

void target_elf_look(const char *path, struct target_elf *elf) {
    *elf = (struct target_elf){0};
    elf_version(EV_CURRENT);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    Elf *image = file < 0 ? NULL : elf_begin(file, ELF_C_READ_MMAP, NULL);
    if (image && elf_kind(image) == ELF_K_ELF)
        look_at_image(image, elf);
    elf_end(image);
    if (file >= 0)
        close(file);
    if (!*elf->reason)
        look_at_privileges(path, elf);
}
