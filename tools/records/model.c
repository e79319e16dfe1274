/* model.c - see model.h. */
#include "tools/records/model.h"

#include <stdlib.h>

#include "tools/basics/memory.h"

struct process *record_of_nothing(int pid, const char *executable, char *const *arguments) {
    size_t count = 0;
    while (arguments && arguments[count])
        count++;
    struct process *process = memory_new(1, sizeof *process);
    process->source = memory_copy("");
    process->executable = memory_copy(executable ? executable : "");
    process->arguments = memory_new(count + 1, sizeof *process->arguments);
    for (size_t i = 0; i < count; i++)
        process->arguments[i] = memory_copy(arguments[i]);
    process->pid = pid;
    process->unseen = -1;
    return process;
}

void record_end(struct process *process) {
    if (!process)
        return;
    for (size_t i = 0; process->arguments && process->arguments[i]; i++)
        free(process->arguments[i]);
    for (size_t i = 0; i < process->handle_count; i++)
        free(process->handles[i].path);
    for (size_t i = 0; i < process->stack_count; i++) {
        free(process->stacks[i].pc);
        free(process->stacks[i].first_name);
    }
    for (size_t i = 0; i < process->module_count; i++)
        free(process->modules[i].path);
    for (size_t i = 0; i < process->detail_count; i++) {
        free(process->details[i].link);
        free(process->details[i].local);
        free(process->details[i].peer);
        free(process->details[i].information);
    }
    free(process->source);
    free(process->executable);
    free(process->arguments);
    free(process->handles);
    free(process->stacks);
    free(process->modules);
    free(process->details);
    free(process->threads);
    free(process->misuses);
    free(process);
}

const struct module *record_module_at(const struct process *process, uint64_t pc, uint64_t epoch) {
    const struct module *only = NULL;
    size_t candidates = 0;
    for (size_t i = 0; i < process->module_count; i++) {
        const struct module *module = &process->modules[i];
        if (pc < module->start || pc >= module->end)
            continue;
        if (module->loaded_epoch <= epoch && epoch < module->gone_epoch)
            return module;
        only = module;
        candidates++;
    }
    /* A module that was met late is stamped with a later epoch than the stack. Where it is the only one that
     * was ever at this address there is no doubt. */
    return candidates == 1 ? only : NULL;
}
