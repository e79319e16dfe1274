/* unwind_frame_entry.h - where the unwind information of an address is (.eh_frame_hdr and .eh_frame: LSB 5.0
 * core, chapter 10); private to tracker/unwind_frame*.c.
 *
 * glibc's _dl_find_object tells the module of an address without a lock. Every pointer into a module is checked
 * against its readable segments. Any context. */
#ifndef TRACKER_UNWIND_FRAME_ENTRY_H
#define TRACKER_UNWIND_FRAME_ENTRY_H

#include "tracker/unwind_frame_info.h"
#include "tracker/unwind_frame_reader.h"

struct frame_module {
    uintptr_t start, end; /* what the loader says of the address: all of the module, or one segment of it */
    uintptr_t frame_header;
    struct frame_segments segments; /* count 0: not to be had */
};

/* False: the address is in none. */
bool frame_module_find(uintptr_t address, struct frame_module *module);

/* From the address to the end of the readable segment that it is in; nothing if it is in none. */
struct frame_reader frame_reader_at(const struct frame_module *module, uintptr_t address);

/* A function's entry, with what it has in common with others (FDE, CIE). */
struct frame_entry {
    uint64_t code_align;
    int64_t data_align;
    uint8_t address_encoding;
    bool has_augmentation, is_signal;
    uintptr_t start, bytes;
    struct frame_reader common, own; /* instructions */
};

/* The address of the entry that may have the pc, 0 none: by the table of .eh_frame_hdr, which is sorted. */
uintptr_t frame_entry_place(const struct frame_module *module, uintptr_t pc);

/* Reads the entry at that address into `entry`, which is zeros. False: it is not understood. */
bool frame_entry_read(const struct frame_module *module, uintptr_t address, struct frame_entry *entry);

#endif
