/* large.h - where variables and code lie. Every page that a process touches first, or a fork child writes to,
 * costs it a fault: tables lie behind all small variables, so that those share a few pages. */
#ifndef TRACKER_LARGE_H
#define TRACKER_LARGE_H

/* For variables that begin as zeros, of a page or more, or of some hundred bytes that few processes need. A
 * section of its own, so that what has to begin with a page is none of .bss, which so shares a page with .data.
 */
#define LARGE __attribute__((section(".lbss")))
/* What is written around each fork, by the child too: small enough to share one page. */
#define FORK_DATA __attribute__((section(".data.fork")))
/* What runs in a fork child that executes something, or ends, at once. */
#define FORK_CODE __attribute__((section(".text.hot.fork")))

#endif
