/* request.c - see request.h. */
#include "tracker/request.h"

#include <stdatomic.h>

#include "tracker/bell.h"
#include "tracker/output.h"
#include "tracker/record.h"
#include "tracker/renderer.h"
#include "tracker/settings.h"
#include "tracker/text.h"

static void say_that_it_failed(int descriptor) {
    char line[256];
    struct text text = TEXT_IN(line);
    text_string(&text, "leftopen: ");
    text_decimal(&text, record_header()->pid);
    text_string(&text, ": a report was asked for; the leftopen tool could not be run. `leftopen report ");
    text_decimal(&text, record_header()->pid);
    text_string(&text, "` shows it while the process runs\n");
    output_write_here(descriptor, text.start, text.length);
}

void request_report(void) {
    atomic_fetch_add_explicit(&record_header()->report_requests, 1, memory_order_relaxed); /* a counter */
    bell_ring();
    int descriptor = output_descriptor();
    if (settings.report_none || (descriptor < 0 && !settings.report_file))
        return;
    if (renderer_run(descriptor) == RENDERER_FAILED && descriptor >= 0)
        say_that_it_failed(descriptor);
}
