/* own_script.c - see own_script.h. Sure cases only: `sh -e SCRIPT`, which is how the kernel calls a script's
 * interpreter as well, and a file of that name out of the way of the numbers that a script uses. */
#include "tracker/own_script.h"

#include <fcntl.h>

#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/sys.h"
#include "tracker/text.h"

enum { OUT_OF_THE_WAY = 10 };

static const char *behind(const char *word) { return word + text_length(word) + 1; }

/* Letters that neither take the next word nor replace the script. zsh makes the options that it was given
 * empty. */
static bool is_plain_option(const char *word) {
    if (*word && *word++ != '-')
        return false;
    for (; *word; word++)
        if ((*word | 0x20) < 'a' || (*word | 0x20) > 'z' || *word == 'c' || *word == 's' ||
            (*word | 0x20) == 'o')
            return false;
    return true;
}

/* The first word behind the program's name and its options, NULL: none. busybox may be told by a further one
 * that it is a shell. */
static const char *first_word(void) {
    const struct record_header *header = record_header();
    if (!header->arguments || !header->argument_count)
        return NULL;
    const char *word = record_at(header->arguments);
    uint32_t left = header->argument_count - 1;
    if (text_equal(text_base_name(word), "busybox") && left) {
        word = behind(word);
        left--;
    }
    while (left--)
        if (!is_plain_option(word = behind(word)))
            return word;
    return NULL;
}

/* A path as the kernel tells it ends with the name that the file was called by. */
static bool is_called(const char *path, const char *name) {
    while (text_starts(name, "./"))
        name += 2;
    size_t path_bytes = text_length(path), name_bytes = text_length(name);
    if (!name_bytes || name_bytes > path_bytes || !text_equal(path + path_bytes - name_bytes, name))
        return false;
    return name[0] == '/' ? name_bytes == path_bytes : path[path_bytes - name_bytes - 1] == '/';
}

static bool is_script(const struct finding *finding) {
    char link[40], path[1024];
    struct text text = TEXT_IN(link);
    const char *script = first_word();
    if (!script || script[0] == '-' || script[0] == '+' || finding->object || finding->number < OUT_OF_THE_WAY)
        return false;
    text_string(&text, "/proc/thread-self/fd/");
    text_decimal(&text, finding->number);
    long bytes = SYS(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (bytes <= 0 || bytes == sizeof path - 1)
        return false;
    path[bytes] = 0;
    return is_called(path, script);
}

bool own_script_is_all(const struct findings *findings) {
    return settings.in_shell && findings->count == 1 && is_script(&findings->list[0]);
}
