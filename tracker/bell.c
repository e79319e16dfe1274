/* bell.c - see bell.h. */
#include "tracker/bell.h"

#include <fcntl.h>

#include "tracker/record.h"
#include "tracker/settings.h"
#include "tracker/sys.h"

void bell_ring(void) {
    if (settings.record[0] && record_path()[0])
        SYS(SYS_utimensat, AT_FDCWD, record_path(), 0, 0);
}
