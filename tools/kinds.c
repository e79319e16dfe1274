/* kinds.c - see kinds.h */
#include "tools/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "tools/fail.h"
#include "tools/memory.h"
#include "tools/what.h"

static const bool defaults[RECORD_KIND_COUNT + 1] = {
#define KIND(name, word, plural, report) report,
#include "tracker/kinds.def"
    true,
};

static void take_word(struct kinds *kinds, const char *word) {
    bool is_wanted = *word != '!';
    word += !is_wanted;
    bool is_all = strcmp(word, "all") == 0, is_default = strcmp(word, "default") == 0;
    enum record_kind kind = what_kind_named(word);
    if (!is_all && !is_default && kind == RECORD_KIND_COUNT) {
        warning("kinds: there is no kind '%s'; the kinds are: all default %s", word, what_kind_words());
        return;
    }
    for (enum record_kind each = 0; each <= RECORD_KIND_COUNT; each++)
        if (is_all || (is_default && defaults[each]) || (each == kind && each != RECORD_KIND_COUNT))
            kinds->wanted[each] = is_wanted;
}

void kinds_parse(struct kinds *kinds, const char *words) {
    memset(kinds, 0, sizeof *kinds);
    if (*words == '!')
        take_word(kinds, "default");
    char *copy = memory_copy(words), *rest = copy, *word;
    while ((word = strsep(&rest, "+")))
        if (*word)
            take_word(kinds, word);
    free(copy);
    bool any = false;
    for (enum record_kind each = 0; each <= RECORD_KIND_COUNT; each++)
        any |= kinds->wanted[each];
    if (any)
        return;
    warning("kinds=%s leaves no kind: the default is taken", words);
    memcpy(kinds->wanted, defaults, sizeof kinds->wanted);
}
