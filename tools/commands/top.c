/* top.c - the sub-command top: its options, and the loop of samples, keys and signals.
 *
 * Signals are blocked but while the loop waits. So whatever ends or stops us finds us between two drawings, and
 * the terminal is given back by ordinary code; then the signal does what it would have done. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/fail.h"
#include "tools/command.h"
#include "tools/commands/help.h"
#include "tools/top/top_batch.h"
#include "tools/top/top_messages.h"
#include "tools/top/top_pages.h"
#include "tools/top/top_screen.h"

enum { DEFAULT_DELAY = 2, LONGEST_DELAY = 24 * 60 * 60 };
#define SHORTEST_DELAY 0.1

struct request {
    const char *folder; /* of records; NULL: where the option record puts them by itself */
    bool is_batch;
    bool fail;             /* growth gives 23 */
    unsigned long samples; /* 0: without end */
    double delay;          /* seconds */
    struct top_view view;
    char **words; /* what is watched */
    size_t count;
};

struct top {
    const struct request *request;
    struct top_watch *watch;
    struct top_model model;
    struct timespec next; /* when the next sample is due, CLOCK_MONOTONIC */
    unsigned long taken;
};

/* --- signals ---------------------------------------------------------------------------------------------- */

static const int noted_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH};
static volatile sig_atomic_t ending_signal, stop_noted, continue_noted, resize_noted;

static void note_signal(int number) {
    switch (number) {
    case SIGTSTP:
        stop_noted = 1;
        break;
    case SIGCONT:
        continue_noted = 1;
        break;
    case SIGWINCH:
        resize_noted = 1;
        break;
    default:
        ending_signal = number;
        break;
    }
}

/* What is ignored stays ignored. */
static void catch_signals(sigset_t *while_waiting) {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof noted_signals / sizeof *noted_signals; i++) {
        struct sigaction before, action = {.sa_handler = note_signal};
        sigaction(noted_signals[i], NULL, &before);
        if (before.sa_handler == SIG_IGN)
            continue;
        sigaction(noted_signals[i], &action, NULL);
        sigaddset(&blocked, noted_signals[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, while_waiting);
}

/* Lets the signal do to us what it would have done without us. */
static void suffer(int number) {
    sigset_t only;
    struct sigaction plain = {.sa_handler = SIG_DFL}, before;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigaction(number, &plain, &before);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, NULL); /* here it strikes */
    sigprocmask(SIG_BLOCK, &only, NULL);
    sigaction(number, &before, NULL);
}

static void serve_signals(void) {
    if (stop_noted) {
        stop_noted = 0;
        top_screen_end();
        suffer(SIGTSTP);
        continue_noted = 1;
    }
    if (continue_noted) {
        continue_noted = 0;
        top_screen_again();
        resize_noted = 1;
    }
    if (resize_noted) {
        resize_noted = 0;
        top_screen_resize();
    }
}

/* --- time ------------------------------------------------------------------------------------------------- */

static double seconds_until(const struct timespec *when) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(when->tv_sec - now.tv_sec) + (double)(when->tv_nsec - now.tv_nsec) / 1e9;
}

static struct timespec timespec_of(double seconds) {
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    return time;
}

static void take_sample(struct top *top) {
    struct timespec delay = timespec_of(top->request->delay);
    clock_gettime(CLOCK_MONOTONIC, &top->next);
    top->next.tv_sec += delay.tv_sec;
    top->next.tv_nsec += delay.tv_nsec;
    if (top->next.tv_nsec >= 1000000000) {
        top->next.tv_sec++;
        top->next.tv_nsec -= 1000000000;
    }
    top_watch_sample(top->watch, &top->model);
    top->taken++;
}

static bool wants_more(const struct top *top) {
    return !top->request->samples || top->taken < top->request->samples;
}

/* --- lines ------------------------------------------------------------------------------------------------ */

static void sleep_until(const struct timespec *when) {
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, when, NULL) == EINTR)
        ;
}

/* A reader that is gone ends us by SIGPIPE; where that is ignored, or the disk is full, this does. */
static int write_lines(struct top *top) {
    while (wants_more(top)) {
        if (top->taken)
            sleep_until(&top->next);
        take_sample(top);
        if (top_watch_is_over(top->watch)) {
            warning("what was to be watched has ended");
            return 0;
        }
        top_batch_write(&top->model, &top->request->view, stdout);
        if (fflush(stdout) != 0)
            return failure(EXIT_OWN_FAILURE, "cannot write to standard output: %s", strerror(errno));
    }
    return 0;
}

/* --- screen ----------------------------------------------------------------------------------------------- */

static void say_messages(struct top_pages *pages) {
    char *message = top_messages_take();
    if (*message)
        top_pages_say(pages, message);
    free(message);
}

/* Waits for a key or a signal, and for the next sample unless the user holds the figures still. */
static void wait_for_something(const struct top *top, bool is_held, const sigset_t *while_waiting) {
    double seconds = seconds_until(&top->next);
    struct timespec timeout = timespec_of(seconds > 0 ? seconds : 0);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    ppoll(&input, 1, is_held ? NULL : &timeout, while_waiting);
}

/* False: the user, or whoever closed the terminal, wants to leave. */
static bool serve_keys(struct top_pages *pages) {
    int key;
    while ((key = top_screen_key()) != TOP_KEY_NONE)
        if (key == TOP_KEY_GONE || !top_pages_key(pages, key))
            return false;
    return true;
}

static void show_pages(struct top *top, struct top_pages *pages, const sigset_t *while_waiting) {
    bool goes_on = true;
    while (goes_on && !ending_signal) {
        bool is_due = seconds_until(&top->next) <= 0 && !top_pages_are_held(pages);
        if (is_due && !wants_more(top))
            return;
        if (is_due)
            take_sample(top);
        say_messages(pages);
        top_pages_draw(pages);
        wait_for_something(top, top_pages_are_held(pages), while_waiting);
        serve_signals();
        goes_on = serve_keys(pages);
    }
}

static int show_screen(struct top *top) {
    sigset_t while_waiting;
    catch_signals(&while_waiting);
    int status = top_screen_begin();
    if (status)
        return status;
    top_messages_hold();
    take_sample(top);
    struct top_pages *pages =
        top_pages_begin(top->watch, &top->model, &top->request->view, top->request->delay);
    show_pages(top, pages, &while_waiting);
    top_pages_end(pages);
    top_screen_end();
    top_messages_release();
    if (ending_signal)
        suffer(ending_signal);
    return 0;
}

static bool has_grown(const struct top_model *model) {
    for (size_t i = 0; i < model->process_count; i++)
        if (top_process_grown(model->processes[i]) > 0)
            return true;
    return false;
}

/* --- command ---------------------------------------------------------------------------------------------- */

static bool take_samples(struct request *request, const char *value) {
    char *end;
    errno = 0;
    request->samples = strtoul(value, &end, 10);
    return *value >= '0' && *value <= '9' && !*end && !errno && request->samples > 0;
}

static bool take_delay(struct request *request, const char *value) {
    char *end;
    request->delay = strtod(value, &end);
    return end != value && !*end && request->delay >= SHORTEST_DELAY && request->delay <= LONGEST_DELAY;
}

static bool take_sort(struct request *request, const char *value) {
    request->view.sort = top_sort_named(value);
    return request->view.sort != TOP_SORT_COUNT;
}

/* Takes one option of getopt_long. Returns 0, or an exit status after a message. */
static int take_option(struct request *request, int letter) {
    switch (letter) {
    case 'b':
        request->is_batch = true;
        return 0;
    case 'n':
        return take_samples(request, optarg)
                   ? 0
                   : failure(EXIT_USAGE, "-n %s: how many samples? a number from 1 on", optarg);
    case 'd':
        return take_delay(request, optarg)
                   ? 0
                   : failure(EXIT_USAGE, "-d %s: how many seconds between samples? from %.1f to %d", optarg,
                             SHORTEST_DELAY, LONGEST_DELAY);
    case 's':
        return take_sort(request, optarg)
                   ? 0
                   : failure(EXIT_USAGE,
                             "-s %s: rows can be sorted by open, rate, grown, limit, oldest or name", optarg);
    case 'f':
        request->view.filter = optarg;
        return 0;
    case 'g':
        request->view.grown_only = true;
        return 0;
    case 'a':
        request->view.with_empty = true;
        return 0;
    case 'F':
        request->fail = true;
        return 0;
    default:
        request->folder = optarg;
        return 0;
    }
}

/* What getopt_long cannot use: an unknown option, or one without its value. */
static int refuse_option(char *const *argv, int kind) {
    char letter[] = {'-', (char)optopt, '\0'};
    const char *word = kind == '?' && optopt ? letter : argv[optind - 1];
    if (kind == ':')
        return failure(EXIT_USAGE, "%s needs a value", word);
    return failure(EXIT_USAGE, "top has no option %s; `leftopen help top` lists them", word);
}

/* Returns 0 if all was taken, 1 if --help was asked for and shown; or a negative exit status after a message.
 */
static int take_words(struct request *request, int argc, char **argv) {
    static const struct option options[] = {
        {"batch", no_argument, NULL, 'b'},
        {"samples", required_argument, NULL, 'n'},
        {"delay", required_argument, NULL, 'd'},
        {"sort", required_argument, NULL, 's'},
        {"filter", required_argument, NULL, 'f'},
        {"grown", no_argument, NULL, 'g'},
        {"all", no_argument, NULL, 'a'},
        {"record", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {"fail", no_argument, NULL, 'F'},
        {0},
    };
    int letter, status;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":bn:d:s:f:gah", options, NULL)) != -1) {
        if (letter == 'h')
            return help_show("top"), 1;
        status = letter == '?' || letter == ':' ? refuse_option(argv, letter) : take_option(request, letter);
        if (status)
            return -status;
    }
    request->words = argv + optind;
    request->count = (size_t)(argc - optind);
    return 0;
}

static int run_top(int argc, char **argv) {
    struct request request = {.delay = DEFAULT_DELAY};
    int taken = take_words(&request, argc, argv), status;
    if (taken)
        return taken > 0 ? 0 : -taken;
    struct top top = {.request = &request};
    top.watch = top_watch_begin(request.words, request.count, request.folder, &status);
    if (!top.watch)
        return status;
    status = request.is_batch ? write_lines(&top) : show_screen(&top);
    if (!status && request.fail && has_grown(&top.model))
        status = EXIT_FINDINGS;
    top_model_end(&top.model);
    top_watch_end(top.watch);
    return status;
}

const struct command command_top = {
    .name = "top",
    .arguments = "[OPTIONS] [PID…]",
    .summary = "Watch living processes: handles against the limit, growth, sites.",
    .text = "Without PID it shows all watched processes of this user. Nobody is stopped or attached to: what "
            "is read\n"
            "are their records and /proc. Keys: ? lists them, q quits.\n"
            "\n"
            "  -b, --batch             lines on standard output, for scripts and files; no terminal needed\n"
            "  -n N, --samples=N       end after N samples (else with q, or when all processes named by PID "
            "have ended)\n"
            "  -d SECONDS, --delay=SECONDS\n"
            "                          between samples; 2, if nothing is said\n"
            "  -s ORDER, --sort=ORDER  open, rate, grown, limit, oldest or name\n"
            "  -f TEXT, --filter=TEXT  only programs, PIDs, kinds, functions, files or modules with this in "
            "their name\n"
            "  -g, --grown             only what grew since the first sample\n"
            "  -a, --all               also sites that hold nothing now\n"
            "  --fail                  exit status 23 if a process that is shown at the end has grown\n"
            "  --record=FOLDER         where the records are, if the processes run with record=FOLDER\n"
            "\n"
            "With -b every sample is a block of lines that an empty one ends, fields joined by blanks, only "
            "the last\n"
            "one of a line may have blanks inside; - is what is not known:\n"
            "\n" TOP_BATCH_FIELDS "\n"
            "OPEN of a process are its descriptors as the kernel counts them, HANDLES what it acquired and "
            "holds, OPEN\n"
            "of a site what it holds. PER_MINUTE is the change over the last minute, or what was seen of it; "
            "GROWN the\n"
            "change since the first sample; LIMIT_IN the seconds until OPEN will be LIMIT at this rate (0: it "
            "is there);\n"
            "OLDEST the seconds that the oldest handle has been open.",
    .run = run_top,
};
