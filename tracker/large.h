/* large.h - where tables lie: behind all small variables, so that those share a few pages. Every page that a
 * process touches first, or a fork child writes to, costs it a fault. */
#ifndef TRACKER_LARGE_H
#define TRACKER_LARGE_H

/* For variables of a page or more that begin as zeros. The Makefile has sections sorted by their names. */
#define LARGE __attribute__((section(".bss.large")))

#endif
