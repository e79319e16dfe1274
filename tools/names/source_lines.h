/* source_lines.h - source files that are here: where they are, and what stands in their lines. */
#ifndef TOOLS_SOURCE_LINES_H
#define TOOLS_SOURCE_LINES_H

struct source_lines;

/* `root`: folder of the sources, "" not known. It must outlive this. */
struct source_lines *source_lines_begin(const char *root);
void source_lines_end(struct source_lines *lines);

/* The absolute path of a file that debug information calls `file`, compiled in `folder` (NULL unknown): below
 * the root, in that folder, or here. NULL: it is not there. Lives as long as the lines. */
const char *source_lines_path(struct source_lines *lines, const char *folder, const char *file);

/* What stands in a line (from 1 on) of that file, without blanks around it. NULL: it cannot be known; that is
 * so as well if the file is newer than `module`, the path of the program that was built of it. The caller frees
 * it. */
char *source_lines_text(struct source_lines *lines, const char *path, unsigned line, const char *module);

#endif
