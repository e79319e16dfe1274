/* target_elf.h - will the dynamic loader load libleftopen.so into this ELF program? */
#ifndef TOOLS_TARGET_ELF_H
#define TOOLS_TARGET_ELF_H

#include <stdbool.h>

struct target_elf {
    char reason[512];       /* why not, as a clause that follows the name; empty: it will */
    bool loader_missing;    /* the reason is that it cannot be executed at all */
    bool address_sanitizer; /* needs libasan */
};

/* What cannot be read is left to the kernel: no reason. */
void target_elf_look(const char *path, struct target_elf *elf);

#endif
