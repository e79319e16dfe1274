/* Looks for a file in a folder, and forgets to close the folder where it has found one. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool folder_has(const char *folder, const char *wanted) {
    DIR *directory = opendir(folder);
    if (!directory)
        return false;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strcmp(entry->d_name, wanted) == 0)
            return true; /* without closedir */
    closedir(directory);
    return false;
}

int main(void) {
    static const char *const wanted[] = {"hostname", "no-such-file", "passwd", "group"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        printf("/etc/%s: %s\n", wanted[i], folder_has("/etc", wanted[i]) ? "yes" : "no");
}
