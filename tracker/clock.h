/* clock.h - time without system calls, from the vDSO itself.
 * Not through libc's clock_gettime: another preload (libfaketime) may stand in front of it. */
#ifndef TRACKER_CLOCK_H
#define TRACKER_CLOCK_H

#include <stdint.h>

/* Start-up only. `vdso` is the address AT_SYSINFO_EHDR gives, 0 if none: all clocks then read 0. */
void clock_start(uintptr_t vdso);

/* Any context. Nanoseconds; CLOCK_MONOTONIC_COARSE: some milliseconds coarse, a few nanoseconds to read, and
 * the one clock the vDSO answers without a system call whatever the machine's clock source is. */
uint64_t clock_coarse(void);

/* Any context. Nanoseconds of CLOCK_REALTIME_COARSE. */
uint64_t clock_date(void);

#endif
