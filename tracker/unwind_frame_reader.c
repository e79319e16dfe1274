/* unwind_frame_reader.c - see unwind_frame_reader.h. */
#include "tracker/unwind_frame_reader.h"

const uint8_t *frame_take(struct frame_reader *reader, uint64_t bytes) {
    static const uint8_t zero[8];
    if ((uint64_t)(reader->end - reader->at) < bytes) {
        reader->bad = true;
        reader->at = reader->end;
        return zero;
    }
    const uint8_t *at = reader->at;
    reader->at += bytes;
    return at;
}

uint64_t frame_take_unsigned(struct frame_reader *reader, unsigned bytes) {
    const uint8_t *at = frame_take(reader, bytes);
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

int64_t frame_take_signed(struct frame_reader *reader, unsigned bytes) {
    unsigned unused = 64 - 8 * bytes;
    return (int64_t)(frame_take_unsigned(reader, bytes) << unused) >> unused;
}

static uint64_t take_leb(struct frame_reader *reader, bool is_signed) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = *frame_take(reader, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (is_signed && byte & 0x40 && shift + 7 < 64)
            value |= -1ul << (shift + 7);
        return value;
    }
    reader->bad = true;
    return 0;
}

uint64_t frame_take_uleb(struct frame_reader *reader) { return take_leb(reader, false); }
int64_t frame_take_sleb(struct frame_reader *reader) { return (int64_t)take_leb(reader, true); }

enum { ENCODED_FORM = 0x0f, ENCODED_BASE = 0x70, ENCODED_RELATIVE = 0x10, ENCODED_INDIRECT = 0x80 };

uint64_t frame_take_form(struct frame_reader *reader, uint8_t encoding) {
    switch (encoding & ENCODED_FORM) {
    case 0x00:
    case 0x04:
    case 0x0c:
        return frame_take_unsigned(reader, 8);
    case 0x01:
        return frame_take_uleb(reader);
    case 0x02:
        return frame_take_unsigned(reader, 2);
    case 0x03:
        return frame_take_unsigned(reader, 4);
    case 0x09:
        return (uint64_t)frame_take_sleb(reader);
    case 0x0a:
        return (uint64_t)frame_take_signed(reader, 2);
    case 0x0b:
        return (uint64_t)frame_take_signed(reader, 4);
    }
    reader->bad = true;
    return 0;
}

/* Absolute and relative to its own place: the others do not occur where addresses of code are told. */
uint64_t frame_take_encoded(struct frame_reader *reader, uint8_t encoding) {
    uint64_t place = (uint64_t)reader->at;
    uint64_t value = frame_take_form(reader, encoding);
    if ((encoding & ENCODED_BASE) == ENCODED_RELATIVE)
        return value + place;
    if (encoding & (ENCODED_BASE | ENCODED_INDIRECT))
        reader->bad = true;
    return value;
}
