/* told.c - see told.h. A mark is an empty file RECORD_TOLD PID-COUNT. */
#include "tools/records/told.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tracker/record_format.h"

size_t told_take(const char *folder) {
    size_t total = 0, count;
    DIR *directory = opendir(folder);
    if (!directory)
        return 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (sscanf(entry->d_name, RECORD_TOLD "%*d-%zu", &count) != 1)
            continue;
        unlinkat(dirfd(directory), entry->d_name, 0);
        total += count;
    }
    closedir(directory);
    return total;
}
