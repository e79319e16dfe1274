/* top_messages.h - what the tool says on standard error while the screen is up would spoil it: it is held back.
 */
#ifndef TOOLS_TOP_MESSAGES_H
#define TOOLS_TOP_MESSAGES_H

/* From now on standard error, where it is a terminal, goes to memory. */
void top_messages_hold(void);

/* The newest line that was held back since the last call, "" if there is none. The caller frees it. */
char *top_messages_take(void);

/* Standard error is what it was. What was held back and never taken is said now. */
void top_messages_release(void);

#endif
