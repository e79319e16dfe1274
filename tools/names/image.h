/* image.h - one file of code, by path and build-id, whatever address it had: what it knows of its own code. */
#ifndef TOOLS_IMAGE_H
#define TOOLS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/names/debug_files.h"
#include "tools/names/debug_index.h"
#include "tools/records/model.h"

struct image;

/* `path` as the program knew it, `build_id` hexadecimal or "". Nothing is opened yet. `files` must outlive it.
 */
struct image *image_begin(const char *path, const char *build_id, struct debug_files *files);
void image_end(struct image *image);

const char *image_path(const struct image *image);
const char *image_build_id(const struct image *image);

/* Looks for the file once, as that process saw it. A file is used only if its build-id is the one that was
 * recorded; where there is none, if it did not change since the process started. False: there is no such file,
 * and the functions below must not be called. */
bool image_find(struct image *image, const struct process *process);

/* True if there is a file of that path, and it is another build, or, without a build-id, may be one. */
bool image_is_changed(const struct image *image);

/* As debug_index_frames; `offset` and the answers are addresses in the file. */
size_t image_frames(struct image *image, uint64_t offset, struct debug_frame *frames, size_t most);

/* The function in the symbol table that holds `offset`, its start in *start; NULL: none. Lives as long as the
 * image. */
const char *image_symbol(struct image *image, uint64_t offset, uint64_t *start);

#endif
