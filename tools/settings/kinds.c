/* kinds.c - see kinds.h */
#include "tools/settings/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"
#include "tools/handles/what.h"

static const bool defaults[RECORD_KIND_COUNT + 1] = {
#define KIND(name, word, plural, report) report,
#include "tracker/kinds.def"
    true,
};

/* False: it is no kind. */
static bool take_word(struct kinds *kinds, const char *word) {
    bool is_wanted = *word != '!';
    word += !is_wanted;
    bool is_all = strcmp(word, "all") == 0, is_default = strcmp(word, "default") == 0;
    enum record_kind kind = what_kind_named(word);
    if (!is_all && !is_default && kind == RECORD_KIND_COUNT)
        return false;
    for (enum record_kind each = 0; each <= RECORD_KIND_COUNT; each++)
        if (is_all || (is_default && defaults[each]) || (each == kind && each != RECORD_KIND_COUNT))
            kinds->wanted[each] = is_wanted;
    return true;
}

/* The first word that is no kind, owned; NULL: all are. */
static char *parse(struct kinds *kinds, const char *words) {
    char *copy = memory_copy(words), *rest = copy, *word, *wrong = NULL;
    memset(kinds, 0, sizeof *kinds);
    if (*words == '!')
        take_word(kinds, "default");
    while ((word = strsep(&rest, "+")))
        if (*word && !take_word(kinds, word) && !wrong)
            wrong = memory_copy(word);
    free(copy);
    return wrong;
}

void kinds_parse(struct kinds *kinds, const char *words) { free(parse(kinds, words)); }

char *kinds_fault(const char *words) {
    struct kinds kinds;
    char *wrong = parse(&kinds, words), *fault = NULL;
    bool any = false;
    for (enum record_kind each = 0; each <= RECORD_KIND_COUNT; each++)
        any |= kinds.wanted[each];
    if (wrong)
        fault =
            memory_format("all default %s, joined by +, with ! in front for not this one: '%s' is none of them",
                          what_kind_words(), wrong);
    else if (!any)
        fault = memory_copy("a list that leaves at least one kind");
    free(wrong);
    return fault;
}
