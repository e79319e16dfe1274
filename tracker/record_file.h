/* record_file.h - the file that a record lies in: its folder, its name, its lock. Any context, after
 * record_file_configure. */
#ifndef TRACKER_RECORD_FILE_H
#define TRACKER_RECORD_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "tracker/text.h"

enum { RECORD_FILE_PATH_BYTES = 600 };

/* Start-up only. `folder` as struct record_identity has it; the strings must stay where they are. */
void record_file_configure(const char *folder, const char *runtime_folder);

/* A name that no other record has. */
void record_file_name(uint8_t name[16]);

/* Appends the path of the file of that name. False if there is no room for it. */
bool record_file_path(struct text path, const uint8_t name[16]);

/* Makes an empty file, locked for as long as it is open or mapped, and its folder if that is missing. Fills
 * `path` and `name` in. Returns its descriptor, or -errno. */
long record_file_create(char path[RECORD_FILE_PATH_BYTES], uint8_t name[16]);

/* Takes the file of that path away, and our folder in $XDG_RUNTIME_DIR if nothing else is in it: a program that
 * makes such a folder for a while (a test) must be able to remove it. False if there is no such file. */
bool record_file_remove(const char *path);

/* Takes away what others have left in the folder, if the file of that name is one of those that bring it about.
 */
void record_file_tidy(const uint8_t name[16]);

#endif
