/* names.c - see names.h. */
#include "tracker/names.h"

#include <stdatomic.h>
#include <stddef.h>

#include "tracker/depot.h"
#include "tracker/paths.h"
#include "tracker/record.h"
#include "tracker/text.h"

enum { MOST_BYTES = 4096 };

static _Atomic uint64_t chunk;

RARE uint32_t names_keep(const char *text) {
    size_t length = text_length(text);
    if (length >= MOST_BYTES)
        length = MOST_BYTES - 1;
    uint64_t at = record_entry(&chunk, RECORD_CHUNK_TEXT, length + 1);
    if (!at)
        return 0;
    text_copy(record_at(at), text, length);
    ((char *)record_at(at))[length] = 0;
    return (uint32_t)(at / RECORD_UNIT);
}

void names_opened(uint32_t stack, const char *name) {
    if (!stack)
        return;
    struct record_stack *site = depot_stack(stack);
    uint32_t none = atomic_load_explicit(&site->first_name, memory_order_relaxed);
    uint32_t fresh = none ? 0 : names_keep(name);
    if (fresh) /* release: the text before its place; a second one that came at the same time is lost */
        atomic_compare_exchange_strong_explicit(&site->first_name, &none, fresh, memory_order_release,
                                                memory_order_relaxed);
}
