/* short_name.c - see short_name.h */
#include "tools/names/short_name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/basics/memory.h"

#define ELLIPSIS "…"

enum {
    LONGEST_OPERATOR = 3, /* <=> */
    DEEPEST = 32 /* what lies in more brackets is not tried one by one: names come from other programs */
};

/* No brackets: operator<, operator<<, operator->, operator<=> and the like. */
static bool is_operator(const char *name, const char *at) {
    static const char word[] = "operator";
    for (int i = 0; i < LONGEST_OPERATOR && at > name && strchr("<>=-", at[-1]); i++)
        at--;
    return at - name >= (ptrdiff_t)strlen(word) && strncmp(at - strlen(word), word, strlen(word)) == 0;
}

/* 1: a bracket opens, -1: one closes. The arrow of a type behind its function is none. */
static int bracket(const char *name, const char *at) {
    bool is_arrow = *at == '>' && at > name && at[-1] == '-';
    if ((*at != '<' && *at != '>') || is_arrow || is_operator(name, at))
        return 0;
    return *at == '<' ? 1 : -1;
}

static int deepest(const char *name) {
    int level = 0, most = 0;
    for (const char *at = name; *at; at++) {
        level += bracket(name, at);
        most = level > most ? level : most;
    }
    return most;
}

/* Without what is deeper than `kept` brackets. */
static char *cut(const char *name, int kept) {
    char *result = memory_new(2 * strlen(name) + 1, 1), *end = result;
    int level = 0;
    for (const char *at = name; *at; at++) {
        int step = bracket(name, at);
        if (step < 0)
            level--;
        if (level <= kept)
            *end++ = *at;
        if (step > 0 && level++ == kept)
            end = stpcpy(end, ELLIPSIS);
    }
    return result;
}

char *short_name(const char *name, size_t most) {
    char *result = memory_copy(name);
    if (strlen(name) <= most)
        return result;
    int most_kept = deepest(name) - 1;
    for (int kept = most_kept < DEEPEST ? most_kept : DEEPEST; kept >= 0 && strlen(result) > most; kept--) {
        free(result);
        result = cut(name, kept);
    }
    return result;
}
