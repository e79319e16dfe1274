/* modules.h - which code was mapped where: the modules that recorded stacks lead into, with their build-ids,
 * kept through dlopen and dlclose.
 *
 * A module is looked up when the first stack with an address in it is kept, by _dl_find_object: no lock, no
 * walk through the loader's lists, and modules that libc loads by itself (gconv, NSS) are found like all
 * others. */
#ifndef TRACKER_MODULES_H
#define TRACKER_MODULES_H

#include <stdint.h>

/* Any context, RECORD_READY only. Sees to it that the record knows the module of this address. */
void modules_need(uint64_t pc);

/* Any context. An address of the module that this one lies in, the same for all of it; 0: none. */
uint64_t modules_of(uint64_t pc);

/* Grows whenever a module that was known went away. Part of a stack's identity: the same addresses are other
 * code afterwards. Any context. */
uint64_t modules_epoch(void);

/* Any context but a signal handler that interrupted the loader. To be called when dlclose has returned. */
void modules_unloaded(void);

/* Start-up only: remembers where this library lies, before the program may go elsewhere, and the program's own headers
 * (AT_PHDR, AT_PHNUM). */
void modules_start(const void *program_headers, unsigned count);

/* Any context. The absolute path of the module that holds this library; empty if unknown. */
const char *modules_own_path(void);

#endif
