/* live.h - what the handles of a living process refer to: its record does not say before the exit pass, the
 * kernel does. */
#ifndef TOOLS_LIVE_H
#define TOOLS_LIVE_H

#include "tools/records/model.h"

/* Asks /proc for the process's handles that have no detail, and gives it to those that were the same before and
 * after. Does nothing for a process that is gone or belongs to somebody else. */
void live_ask(struct process *process);

/* Sets the limits on descriptors that a living process has now; its record has those that it had at the start.
 * `pid`: its number here, 0 unknown. */
void live_limits(struct process *process, int pid);

#endif
