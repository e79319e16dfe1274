/* handle_cells.h - what there is to say of one handle, for people, cell by cell. */
#ifndef TOOLS_HANDLE_CELLS_H
#define TOOLS_HANDLE_CELLS_H

#include "tools/findings/sites.h"

enum handle_cell {
    HANDLE_PROCESS, /* "4242" */
    HANDLE_NAME,    /* "fd 5", "stream 0x55d0c2a4 fd 11" */
    HANDLE_WHAT,    /* "/etc/hosts" */
    HANDLE_STATE,   /* "5 bytes unread" */
    HANDLE_AGE,     /* "1m39s" */
    HANDLE_THREAD,  /* `4245 "worker"` */
    HANDLE_OUTCOME, /* "released" */
    HANDLE_CELLS
};

/* Fills all cells; one that has nothing to say is "". They may hold any byte but zero: they are not for a
 * terminal as they are. Each is freed by the caller. */
void handle_cells_fill(const struct finding *finding, char *cells[HANDLE_CELLS]);

#endif
