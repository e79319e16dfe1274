/* next.h - what dlsym(RTLD_NEXT) says, for many names: the loader's own search is asked hundreds of names at
 * each start, and does for each what need be done once. */
#ifndef SHIM_NEXT_H
#define SHIM_NEXT_H

#include <stddef.h>
#include <stdint.h>

/* Names one behind another, each ended by a zero byte, and the hash of each: addresses would be relocated and
 * hashes computed at each start. */
struct next_names {
    const char *strings;
    const uint32_t *hashes;
    size_t count;
    const struct next_known *known; /* of these names, or NULL */
};

/* A library whose functions are known before it is looked at, if it is the very same one: if a note with this
 * content, its build-id, is there. No bytes: none is. */
struct next_known {
    uint32_t dynamic, note; /* places of its dynamic section and of the note, from its start */
    uint32_t note_bytes;
    const char *content;
    const uint32_t *offsets; /* of the functions, from its start; 0: that one has to be looked for */
};
enum { NEXT_KNOWN_WITHIN = 4096 }; /* bytes from its start, where the note lies: what every library has */

/* The hash of DT_GNU_HASH, 33 times the one of all characters but the last, plus the last, from 5381 on: as a
 * constant, of a literal of at most 31 characters. */
#define NEXT_HASH(name)                                                                                        \
    (5381u * NEXT_POWER(sizeof name - 1) + NEXT_EIGHT(name, 0) + NEXT_EIGHT(name, 8) + NEXT_EIGHT(name, 16) +  \
     NEXT_EIGHT(name, 24))
#define NEXT_EIGHT(name, i)                                                                                    \
    (NEXT_ONE(name, i) + NEXT_ONE(name, i + 1) + NEXT_ONE(name, i + 2) + NEXT_ONE(name, i + 3) +               \
     NEXT_ONE(name, i + 4) + NEXT_ONE(name, i + 5) + NEXT_ONE(name, i + 6) + NEXT_ONE(name, i + 7))
#define NEXT_ONE(name, i)                                                                                      \
    ((uint32_t)(unsigned char)(name NEXT_ZEROS)[i] * NEXT_POWER(sizeof name - 2 - (i)) *                       \
     (sizeof name - 1 > (i)))
#define NEXT_ZEROS                                                                                             \
    "\0\0\0\0\0\0\0"                                                                                           \
    "\0\0\0\0\0\0\0\0"                                                                                         \
    "\0\0\0\0\0\0\0\0"                                                                                         \
    "\0\0\0\0\0\0\0\0"
/* 33 to the power of the low five bits, which are those of every character that is there. */
#define NEXT_POWER(k)                                                                                          \
    (((k)&1 ? 33u : 1) * ((k)&2 ? 1089u : 1) * ((k)&4 ? 1185921u : 1) * ((k)&8 ? 1954312449u : 1) *            \
     ((k)&16 ? 2463752705u : 1))

/* Start-up only, by a library that was there when the program began. For each of the names, the function that
 * dlsym(RTLD_NEXT, name) would give to the library whose dynamic section is at `own`: the default version of
 * the first library behind it that has one; NULL where there is none. `ask` is called where only the loader can
 * tell (a resolver has to choose, or there are several default versions), and for every name where the
 * libraries are none that this knows to read. */
void next_find(const void *own, const struct next_names *names, void **found, void *(*ask)(const char *name))
    __attribute__((visibility("hidden")));

#endif
