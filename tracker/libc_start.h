/* libc_start.h - libc's own initializers, ahead of the loader's turn. Start-up only. */
#ifndef TRACKER_LIBC_START_H
#define TRACKER_LIBC_START_H

/* Tells libc what the program was called with: the arguments are those of a constructor. To be called before a
 * dlopen in the constructor of a library that is linked with -z initfirst: dlopen initializes libc, once and
 * for all, with what libc knows by then, and that is nothing: the program would have no environment. */
void libc_start(int argument_count, char **arguments, char **environment);

#endif
