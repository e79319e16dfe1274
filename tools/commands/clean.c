/* clean.c - the sub-command clean: removes the records of processes that are gone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/command.h"
#include "tools/records/folder.h"

static size_t clean_own_folders(void) {
    char *automatic = folder_automatic();
    size_t removed = folder_clean(automatic);
    free(automatic);
    struct folder_list trees;
    folder_list_trees(&trees);
    for (size_t i = 0; i < trees.count; i++)
        removed += folder_clean(trees.paths[i]);
    folder_list_end(&trees);
    return removed;
}

static int say_removed(size_t removed) {
    if (removed == 0)
        puts("leftopen: there was no record of a dead process to remove");
    else
        printf("leftopen: removed %zu %s of dead processes\n", removed, removed == 1 ? "record" : "records");
    return 0;
}

static int clean_folder(const char *folder) {
    struct folder_list list;
    int error = folder_list(folder, &list);
    if (error)
        return failure(EXIT_MISSING, "cannot read the folder %s: %s", folder, strerror(-error));
    folder_list_end(&list);
    int hold = folder_hold(folder);
    if (hold < 0)
        return failure(EXIT_OWN_FAILURE, "%s is in use by a `leftopen run`: nothing was removed", folder);
    close(hold);
    return say_removed(folder_clean(folder));
}

static int run_clean(int argc, char **argv) {
    struct settings settings;
    settings_begin(&settings);
    int at = command_options(&settings, argc, argv);
    settings_end(&settings);
    if (at <= 0)
        return -at;
    if (argc - at > 1)
        return failure(EXIT_USAGE, "clean takes one folder, not '%s' too", argv[at + 1]);
    return at < argc ? clean_folder(argv[at]) : say_removed(clean_own_folders());
}

const struct command command_clean = {
    .name = "clean",
    .arguments = "[FOLDER]",
    .summary = "Remove the records of processes that are gone.",
    .text = "Without FOLDER it looks where `record=auto` puts them ($XDG_RUNTIME_DIR/leftopen, else\n"
            "/dev/shm/leftopen-UID) and into what earlier runs left behind. Records of living processes,\n"
            "and those of a `leftopen run` that has not reported yet, stay.",
    .run = run_clean,
};
