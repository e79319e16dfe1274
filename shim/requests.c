/* requests.c - the signal of option report_signal. The handler is there before the program begins, so one of
 * the program's own replaces it; whoever asks for a signal that the program uses gets the program's behaviour.
 */
#include <errno.h>
#include <signal.h>

#include "shim/context.h"
#include "tracker/tracker.h"

static void report_asked_for(int number) {
    int before = errno;
    if (context_is_watched())
        tracker_report();
    errno = before;
}

static void requests_start(void) {
    if (!tracker_report_signal())
        return;
    /* on the alternate stack if there is one: the tool's start takes little, and a small stack may be full */
    struct sigaction action = {.sa_handler = report_asked_for, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    sigaction(tracker_report_signal(), &action, NULL);
}
