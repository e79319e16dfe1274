/* stop.h - a stop of the program, passed on to whoever started leftopen. */
#ifndef TOOLS_COMMANDS_STOP_H
#define TOOLS_COMMANDS_STOP_H

#include <sys/types.h>

/* Stops this process, as its child `program` has stopped, so that the caller sees a stopped job. Returns when
 * somebody continues it, and also when the program alone was continued or has ended. All signals are blocked.
 */
void stop_like(pid_t program);

#endif
