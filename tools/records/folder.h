/* folder.h - where record files lie, and which of them belong to living processes. */
#ifndef TOOLS_FOLDER_H
#define TOOLS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct folder_list {
    char **paths; /* owned */
    size_t count;
};

/* The folder that `record=auto` means: $XDG_RUNTIME_DIR/leftopen, else /dev/shm/leftopen-UID. Owned by caller.
 */
char *folder_automatic(void);

/* A new folder for the records of one tree, writable for every user and readable for its owner only (mode
 * 01733), so that processes which change their user still find it. It is held from the start by `*hold`, see
 * folder_hold. A file system with room for records comes first. Owned by the caller. NULL with errno if none
 * can be made. */
char *folder_make_for_tree(int *hold);

/* False if its file system is (nearly) full. */
bool folder_has_room(const char *folder);

/* True for a folder of ours that folder_make_for_tree has made. */
bool folder_is_for_tree(const char *folder);

/* True if a path looks like one, be it there or not, and whosever it is. */
bool folder_has_tree_name(const char *path);

/* Every such folder where folder_make_for_tree makes them, of living and of dead runs, newest first. */
void folder_list_trees(struct folder_list *list);

/* Where records of this user's processes lie: the automatic folder and those for trees. */
void folder_list_own(struct folder_list *list);

/* Takes the folder for a run: a descriptor (close-on-exec) that keeps it until it is closed or the process
 * ends, or -1 if somebody else has it. What is held is cleaned and tidied by nobody else. */
int folder_hold(const char *folder);

/* Removes the dead records of a folder that is not held, and the folder itself if it was for a tree and is
 * empty now. Returns how many records it removed. */
size_t folder_clean(const char *folder);

/* The same for a folder that the caller holds. */
void folder_end(const char *folder);

/* A name in a folder for a tree that may lead to the library; it goes with the folder. */
#define FOLDER_LIBRARY "libleftopen.so"

/* Every file in `folder` whose name is 32 hexadecimal digits + RECORD_SUFFIX. Returns 0 or -errno. Symbolic
 * links, folders and files of another owner (unless we are root, or the folder is one for a tree) are left out.
 */
int folder_list(const char *folder, struct folder_list *list);
void folder_list_end(struct folder_list *list);
bool folder_list_has(const struct folder_list *list, const char *path);
void folder_list_add(struct folder_list *list, const char *path);

/* True if a process still has the record mapped: it holds an exclusive flock on the file. */
bool folder_record_is_alive(const char *path);
/* The same for an open file. */
bool folder_file_is_alive(int file);

/* Turns what a user wrote (a file, a folder, or a PID, resolved through /proc also into containers; "-" stays
 * as it is) into record paths. A PID of a process that is gone means its record in the automatic folder.
 * Returns 0, or 66 with a clear message on standard error. */
int folder_resolve(const char *wanted, struct folder_list *list);

/* Removes dead records that are stale: older than a day, or beyond the newest 64 or 64 MiB of them. Leaves a
 * folder alone that is held. */
void folder_tidy(const char *folder);

/* Tidies the folders of trees whose run has ended, and keeps only the newest 16 of them. What still lies there
 * are records of processes that outlived their run. */
void folder_tidy_trees(void);

#endif
