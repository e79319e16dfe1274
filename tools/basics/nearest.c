/* nearest.c - the optimal string alignment distance (letters left out, added, changed or swapped). */
#include "tools/basics/nearest.h"

#include <string.h>

enum { LONGEST_WORD = 32 }; /* options and sub-commands are shorter; longer words have no neighbour */

static unsigned minimum(unsigned a, unsigned b) { return a < b ? a : b; }

static unsigned distance(const char *a, const char *b) {
    unsigned table[LONGEST_WORD + 1][LONGEST_WORD + 1];
    size_t a_length = strlen(a), b_length = strlen(b);
    for (size_t i = 0; i <= a_length; i++) {
        for (size_t j = 0; j <= b_length; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned changed = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            table[i][j] = minimum(changed, minimum(table[i - 1][j], table[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                table[i][j] = minimum(table[i][j], table[i - 2][j - 2] + 1);
        }
    }
    return table[a_length][b_length];
}

const char *nearest(const char *word, const char *const *names, size_t count) {
    size_t length = strlen(word);
    if (length == 0 || length > LONGEST_WORD)
        return NULL;
    const char *best = NULL;
    unsigned best_distance = (unsigned)(length + 5) / 3; /* one wrong letter in three, and one more */
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > LONGEST_WORD)
            continue;
        unsigned here = distance(word, names[i]);
        if (here < best_distance) {
            best = names[i];
            best_distance = here;
        }
    }
    return best;
}
