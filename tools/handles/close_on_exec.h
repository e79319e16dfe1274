/* close_on_exec.h - what to write so that a descriptor does not pass over exec. */
#ifndef TOOLS_CLOSE_ON_EXEC_H
#define TOOLS_CLOSE_ON_EXEC_H

/* What to do at the acquiring call of that name, as an imperative ("add O_CLOEXEC to its flags"); never NULL.
 */
const char *close_on_exec_advice(const char *call);

#endif
