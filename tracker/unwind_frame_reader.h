/* unwind_frame_reader.h - takes bytes of unwind information that may be damaged; private to
 * tracker/unwind_frame*.c.
 *
 * A reader knows its end. After a byte too many, or something that is not understood, `bad` is set and
 * everything reads as 0. Any context. */
#ifndef TRACKER_UNWIND_FRAME_READER_H
#define TRACKER_UNWIND_FRAME_READER_H

#include <stdbool.h>
#include <stdint.h>

struct frame_reader {
    const uint8_t *at, *end;
    bool bad;
};

/* The next `bytes` bytes; up to 8 of them can be read even if they are not there. */
const uint8_t *frame_take(struct frame_reader *reader, uint64_t bytes);

/* Little-endian numbers of `bytes` bytes, 1 to 8. */
uint64_t frame_take_unsigned(struct frame_reader *reader, unsigned bytes);
int64_t frame_take_signed(struct frame_reader *reader, unsigned bytes);

/* LEB128 (DWARF 4, section 7.6). */
uint64_t frame_take_uleb(struct frame_reader *reader);
int64_t frame_take_sleb(struct frame_reader *reader);

/* DW_EH_PE_datarel | DW_EH_PE_sdata4: the only one in tables that can be searched. */
enum { FRAME_ENCODED_DATA_RELATIVE_SDATA4 = 0x3b };

/* A number as its encoding (DW_EH_PE_) lays it out, with nothing added. */
uint64_t frame_take_form(struct frame_reader *reader, uint8_t encoding);

/* An address that is encoded so. */
uint64_t frame_take_encoded(struct frame_reader *reader, uint8_t encoding);

#endif
