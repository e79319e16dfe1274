/* handle_cells.c - see handle_cells.h */
#include "tools/formats/handle_cells.h"

#include <stdlib.h>
#include <string.h>

#include "tools/basics/duration.h"
#include "tools/basics/memory.h"
#include "tools/formats/render.h"
#include "tools/handles/what.h"

static char *name_text(const struct finding *finding) {
    const struct handle *handle = finding->handle;
    char *name = what_handle(handle, finding->kind);
    if (!handle->is_address || handle->number < 0)
        return name;
    char *with_number = memory_format("%s fd %d", name, handle->number);
    free(name);
    return with_number;
}

static char *thread_text(const struct finding *finding) {
    int thread = finding->handle->thread;
    const char *name = render_thread_name(finding->process, thread);
    if (!thread)
        return memory_copy("");
    return name ? memory_format("%d \"%s\"", thread, name) : memory_format("%d", thread);
}

/* The report of a process whose other threads still run is made before anything is released. */
static const char *left_text(const struct process *process) {
    return process->alive && !(process->pass & RECORD_PASS_RELEASED) ? "to be released" : "not released";
}

static const char *remark_on(const struct handle *handle) {
    if (handle->flags & RECORD_SLOT_CLOSE_BEGUN)
        return "a close was begun and did not return";
    return handle->is_address && handle->flags & RECORD_SLOT_SHARED
               ? "its descriptor was closed with another handle that owned it"
               : "";
}

static char *outcome_text(const struct finding *finding) {
    const struct handle *handle = finding->handle;
    const char *remark = remark_on(handle);
    const char *outcome = "";
    switch (handle->outcome) {
    case RECORD_OUTCOME_RELEASED:
        outcome = "released";
        break;
    case RECORD_OUTCOME_FAILED:
        return memory_format("release failed: %s%s%s", strerror(handle->error), *remark ? "; " : "", remark);
    case RECORD_OUTCOME_SKIPPED:
        outcome = "not released";
        break;
    case RECORD_OUTCOME_LEFT:
        outcome = left_text(finding->process);
        break;
    default:
        break;
    }
    return memory_format("%s%s%s", outcome, *outcome && *remark ? "; " : "", remark);
}

void handle_cells_fill(const struct finding *finding, char *cells[HANDLE_CELLS]) {
    cells[HANDLE_PROCESS] = memory_format("%d", finding->process->pid);
    cells[HANDLE_NAME] = name_text(finding);
    cells[HANDLE_WHAT] = memory_copy(finding->what ? finding->what : "");
    cells[HANDLE_STATE] = memory_copy(finding->state.text ? finding->state.text : "");
    cells[HANDLE_AGE] = finding->age < 0 ? memory_copy("") : duration_text(finding->age);
    cells[HANDLE_THREAD] = thread_text(finding);
    cells[HANDLE_OUTCOME] = outcome_text(finding);
}
