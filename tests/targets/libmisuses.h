/* libmisuses.h - another module than the program of misuses.c: it opens and closes on its own account. Its
 * close stands behind ours and in front of libc's, and can fail as a file system would. */
#ifndef TESTS_TARGETS_LIBMISUSES_H
#define TESTS_TARGETS_LIBMISUSES_H

/* The next close of `number` closes it and fails with `error`. */
void library_fail_close(int number, int error);

/* Opens a file of its own. */
int library_open(void);

/* Closes what it was given, for good. */
void library_serve(int socket);

/* Closes what it has opened; once more than it should. */
void library_done(int number);
void library_done_twice(int number);

#endif
