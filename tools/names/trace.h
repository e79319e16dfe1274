/* trace.h - which frames of a stack are the program's own, and which stacks read alike. */
#ifndef TOOLS_TRACE_H
#define TOOLS_TRACE_H

#include "tools/names/symbols.h"

/* How many frames of a trace are the program's own: without those that start programs and threads. */
size_t trace_own_frames(const struct trace *trace);

/* An order for trees and sorting; 0 for two that a reader cannot tell apart: their own frames have the same
 * functions, files, lines, columns and modules, wherever the modules lie. Where there is no line the place in
 * the function counts, where there is no function the place in the module. */
int trace_compare(const struct trace *one, const struct trace *other);

#endif
