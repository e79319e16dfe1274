/* packed.h - a record without its zeros, as inputs of the fuzzer are kept: a record is sparse, and what a
 * fuzzer changes should mean something.
 *
 *     uint32_t size of the record
 *     then for each part that is not zero: uint32_t place, uint32_t bytes, the bytes
 *
 * Any bytes are a packed record: what lies behind the end is left out, and a part may be cut short. */
#ifndef TESTS_FUZZ_PACKED_H
#define TESTS_FUZZ_PACKED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PACKED_MOST_BYTES = 1 << 20, /* of a record that is unpacked: enough for every shape, and quick */
    PACKED_ALIKE = 24            /* zeros that are worth a new part */
};

/* The record in `packed`; its size in *size. The caller frees it. */
static inline unsigned char *packed_open(const uint8_t *packed, size_t bytes, size_t *size) {
    uint32_t words[2] = {0};
    memcpy(words, packed, bytes < sizeof *words ? bytes : sizeof *words);
    *size = words[0] % (PACKED_MOST_BYTES + 1);
    size_t room = (*size + 64) / 64 * 64; /* aligned as a mapped one is */
    unsigned char *record = memset(aligned_alloc(64, room), 0, room);
    size_t at = sizeof *words;
    while (bytes > at && bytes - at > sizeof words) {
        memcpy(words, packed + at, sizeof words);
        at += sizeof words;
        size_t place = words[0] < *size ? words[0] : *size, length = words[1];
        length = length < bytes - at ? length : bytes - at;
        memcpy(record + place, packed + at, length < *size - place ? length : *size - place);
        at += length;
    }
    return record;
}

static inline size_t packed_zeros(const unsigned char *record, size_t at, size_t size) {
    size_t zeros = 0;
    while (at + zeros < size && !record[at + zeros])
        zeros++;
    return zeros;
}

/* Writes `record` to `out`. */
static inline void packed_write(const unsigned char *record, size_t size, FILE *out) {
    uint32_t words[2] = {(uint32_t)size};
    fwrite(words, sizeof *words, 1, out);
    for (size_t at = packed_zeros(record, 0, size); at < size;) {
        size_t end = at;
        while (end < size && packed_zeros(record, end, size) < PACKED_ALIKE)
            end++;
        words[0] = (uint32_t)at;
        words[1] = (uint32_t)(end - at);
        fwrite(words, sizeof words, 1, out);
        fwrite(record + at, 1, end - at, out);
        at = end + packed_zeros(record, end, size);
    }
}

#endif
