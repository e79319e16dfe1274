/* unwind_frame_entry.c - see unwind_frame_entry.h. */
#include "tracker/unwind_frame_entry.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

#define PAGE_BYTES 4096ul

extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));

bool frame_info_available(void) { return _dl_find_object != NULL; }

static struct frame_segments program_segments; /* written at start-up */

void frame_info_start(void) {
    program_segments.segment = (const Elf64_Phdr *)getauxval(AT_PHDR);
    program_segments.count = (unsigned)getauxval(AT_PHNUM);
}

static bool is_elf(const Elf64_Ehdr *file) {
    return file->e_ident[EI_MAG0] == ELFMAG0 && file->e_ident[EI_MAG1] == ELFMAG1 &&
           file->e_ident[EI_MAG2] == ELFMAG2 && file->e_ident[EI_MAG3] == ELFMAG3;
}

/* The loader's copy of a library's program headers is not public, but libraries are linked at 0, and then their
 * file's first page is at the bias. Whether that is so is asked of the loader before it is read. Some tools
 * move the headers out of the first page (patchelf). */
static struct frame_segments find_segments(const struct dl_find_object *object) {
    const struct link_map *map = object->dlfo_link_map;
    struct frame_segments none = {.count = 0};
    struct dl_find_object first;
    if (!map->l_name[0]) { /* the program itself */
        struct frame_segments segments = program_segments;
        segments.bias = map->l_addr;
        return segments;
    }
    if (!map->l_addr || _dl_find_object((void *)map->l_addr, &first) || first.dlfo_link_map != map)
        return none;
    const Elf64_Ehdr *file = (const Elf64_Ehdr *)map->l_addr;
    if (!is_elf(file) || file->e_phentsize != sizeof(Elf64_Phdr) || file->e_phoff % 8 ||
        file->e_phoff > PAGE_BYTES || file->e_phnum > (PAGE_BYTES - file->e_phoff) / sizeof(Elf64_Phdr))
        return none;
    return (struct frame_segments){(const Elf64_Phdr *)(map->l_addr + file->e_phoff), file->e_phnum,
                                   map->l_addr};
}

bool frame_module_find(uintptr_t address, struct frame_module *module) {
    struct dl_find_object found;
    if (!_dl_find_object || _dl_find_object((void *)address, &found))
        return false;
    *module = (struct frame_module){.start = (uintptr_t)found.dlfo_map_start,
                                    .end = (uintptr_t)found.dlfo_map_end,
                                    .frame_header = (uintptr_t)found.dlfo_eh_frame,
                                    .segments = find_segments(&found)};
    return true;
}

bool frame_info_segments(uintptr_t address, struct frame_segments *segments) {
    struct frame_module module;
    if (!frame_module_find(address, &module))
        return false;
    *segments = module.segments;
    return module.segments.count;
}

struct frame_reader frame_reader_at(const struct frame_module *module, uintptr_t address) {
    const struct frame_segments *segments = &module->segments;
    for (unsigned i = 0; i < segments->count; i++) {
        const Elf64_Phdr *segment = &segments->segment[i];
        uintptr_t start = segments->bias + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_R && address - start < segment->p_filesz)
            return (struct frame_reader){(const uint8_t *)address, (const uint8_t *)(start + segment->p_filesz),
                                         false};
    }
    if (!segments->count && address - module->start < module->end - module->start)
        return (struct frame_reader){(const uint8_t *)address, (const uint8_t *)module->end, false};
    return (struct frame_reader){.bad = true};
}

/* ---- entries ---------------------------------------------------------------------------------------------
 */

/* Reads the length of an entry and ends the reader where the entry ends. */
static void enter_entry(struct frame_reader *reader) {
    uint64_t bytes = frame_take_unsigned(reader, 4);
    /* 0 ends the section; 0xffffffff begins the 64-bit format, which no linker writes into .eh_frame */
    if (!bytes || bytes > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        bytes = 0;
    }
    reader->end = reader->at + bytes;
}

static void read_augmentation(struct frame_reader *reader, const uint8_t *letters, struct frame_entry *entry) {
    uint64_t bytes = frame_take_uleb(reader);
    struct frame_reader data = {reader->at, reader->at, false};
    frame_take(reader, bytes);
    if (!reader->bad)
        data.end += bytes;
    for (; *letters; letters++) {
        switch (*letters) {
        case 'L':
            frame_take(&data, 1);
            break;
        case 'P':
            frame_take_form(&data, *frame_take(&data, 1));
            break;
        case 'R':
            entry->address_encoding = *frame_take(&data, 1);
            break;
        case 'S':
            entry->is_signal = true;
            break;
        default:
            reader->bad = true;
        }
    }
    reader->bad |= data.bad;
}

static bool read_common(struct frame_reader reader, struct frame_entry *entry) {
    enter_entry(&reader);
    bool is_common = frame_take_unsigned(&reader, 4) == 0;
    uint8_t version = *frame_take(&reader, 1);
    const uint8_t *letters = reader.at;
    while (*frame_take(&reader, 1))
        ;
    if (reader.bad || !is_common || (version != 1 && version != 3))
        return false;
    entry->code_align = frame_take_uleb(&reader);
    entry->data_align = frame_take_sleb(&reader);
    uint64_t return_register = version == 1 ? *frame_take(&reader, 1) : frame_take_uleb(&reader);
    entry->has_augmentation = *letters == 'z';
    if (entry->has_augmentation)
        read_augmentation(&reader, letters + 1, entry);
    else if (*letters)
        return false;
    entry->common = reader;
    return !reader.bad && return_register == FRAME_REGISTER_RETURN;
}

bool frame_entry_read(const struct frame_module *module, uintptr_t address, struct frame_entry *entry) {
    struct frame_reader reader = frame_reader_at(module, address);
    enter_entry(&reader);
    uintptr_t place = (uintptr_t)reader.at;
    uint64_t back = frame_take_unsigned(&reader, 4);
    if (reader.bad || !back || !read_common(frame_reader_at(module, place - back), entry))
        return false;
    entry->start = frame_take_encoded(&reader, entry->address_encoding);
    entry->bytes = frame_take_form(&reader, entry->address_encoding);
    if (entry->has_augmentation)
        frame_take(&reader, frame_take_uleb(&reader));
    entry->own = reader;
    return !reader.bad;
}

uintptr_t frame_entry_place(const struct frame_module *module, uintptr_t pc) {
    struct frame_reader reader = frame_reader_at(module, module->frame_header);
    uint64_t version = frame_take_unsigned(&reader, 1);
    uint8_t pointer_encoding = *frame_take(&reader, 1);
    uint8_t count_encoding = *frame_take(&reader, 1);
    uint8_t table_encoding = *frame_take(&reader, 1);
    frame_take_encoded(&reader, pointer_encoding);
    uint64_t count = frame_take_encoded(&reader, count_encoding);
    if (reader.bad || version != 1 || table_encoding != FRAME_ENCODED_DATA_RELATIVE_SDATA4 ||
        count > (uint64_t)(reader.end - reader.at) / 8)
        return 0;
    int64_t wanted = (int64_t)(pc - module->frame_header);
    uint64_t low = 0, high = count; /* the first entry that begins behind the pc is in [low, high] */
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        struct frame_reader row = {reader.at + 8 * middle, reader.end, false};
        if (frame_take_signed(&row, 4) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return 0;
    struct frame_reader row = {reader.at + 8 * (low - 1) + 4, reader.end, false};
    return module->frame_header + (uintptr_t)frame_take_signed(&row, 4);
}
