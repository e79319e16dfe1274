/* rows.c - see rows.h. One line adds a row. */
#include "tests/bench/rows.h"

#include <string.h>

/* clang-format off */
const struct side sides[SIDES] = {
    [BARE] = {"bare", NULL, NULL, 1, NULL, 0},
    [LEFTOPEN] = {"leftopen", "libleftopen.so", NULL, 1, NULL, 0},
    [FEW] = {"leftopen, 1,000 held", "libleftopen.so", NULL, 1, NULL, 1000},
    [NO_MISUSE] = {"leftopen, misuse=0", "libleftopen.so", NULL, 1, "misuse=0", 0},
    [MISUSE_USES] = {"leftopen, misuse=2", "libleftopen.so", NULL, 1, "misuse=2", 0},
    [EMPTY] = {"an empty preload", "bench/empty.so", NULL, 1, NULL, 0},
    [VALGRIND] = {"valgrind --track-fds=yes", NULL, "valgrind -q --track-fds=yes --trace-children=yes", 20, NULL, 0},
    [STRACE] = {"strace -f -e trace=desc", NULL, "strace -f -q -o /dev/null -e trace=desc", 20, NULL, 0},
    [LTRACE] = {"ltrace -f -e open+close", NULL, "ltrace -f -o /dev/null -e open+close", 20, NULL, 0},
    [HEAPTRACK] = {"heaptrack", NULL, "heaptrack -o /tmp/leftopen-bench-heaptrack", 20, NULL, 0},
};
/* clang-format on */

enum {
    NO_PEERS = 0,
    EMPTY_TOO = 1 << EMPTY,
    STRACE_TOO = 1 << STRACE,
    VALGRIND_TOO = 1 << VALGRIND,
    MISUSE_TOO = 1 << NO_MISUSE | 1 << MISUSE_USES,
    TOOLS_TOO = VALGRIND_TOO | STRACE_TOO,
    LTRACE_TOO = 1 << LTRACE, /* where calls cost it some 100 us each */
    ALL_TOO = MISUSE_TOO | TOOLS_TOO | LTRACE_TOO,
    START_TOO = EMPTY_TOO | TOOLS_TOO | LTRACE_TOO | 1 << HEAPTRACK
};

/* Python itself, whatever stands in front of it. */
#define PYTHON "$(python3 -c 'import sys; print(sys.executable)')"

/* clang-format off */
const struct row rows[] = {
    /* name                              kind             program    frames threads held  operations       peers                  budget */
    {"open+close",                      "open",          "work",        16,  1,     0,   1000, INSIDE,  ALL_TOO,                1.05},
    {"open+close, 10 frames",           "open",          "work",        10,  1,     0,   1000, INSIDE,  NO_PEERS,               1.05},
    {"open+close, 24 frames",           "open",          "work",        24,  1,     0,   1000, INSIDE,  NO_PEERS,               0},
    {"open+close, 32 frames",           "open",          "work",        32,  1,     0,   1000, INSIDE,  NO_PEERS,               0},
    {"open+close, 40 frames",           "open",          "work",        40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"open+close, frame pointers",      "open",          "work-fp",     16,  1,     0,   1000, INSIDE,  NO_PEERS,               1.05},
    {"socket+close",                    "socket",        "work",        16,  1,     0,    500, INSIDE,  ALL_TOO,                1.03},
    {"socket+close, 40 frames",         "socket",        "work",        40,  1,     0,    500, INSIDE,  NO_PEERS,               1.12},
    {"dup+close",                       "dup",           "work",        16,  1,     0,   3000, INSIDE,  ALL_TOO,                1.25},
    {"dup+close, 40 frames",            "dup",           "work",        40,  1,     0,   3000, INSIDE,  NO_PEERS,               0},
    {"dup+close, 64 sites in turn",     "dup-sites",     "work",        10,  1,     0,   3000, INSIDE,  NO_PEERS,               1.25},
    {"fopen+fclose",                    "fopen",         "work",        16,  1,     0,   1000, INSIDE,  ALL_TOO,                1.06},
    {"fopen+fclose, 40 frames",         "fopen",         "work",        40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"opendir+closedir",                "opendir",       "work",        16,  1,     0,   1000, INSIDE,  ALL_TOO,                1.06},
    {"opendir+closedir, 40 frames",     "opendir",       "work",        40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"close of an unknown number",      "close-unknown", "work",        16,  1,     0,   5000, INSIDE,  MISUSE_TOO,              -10},
    {"close of an unknown, 40 frames",  "close-unknown", "work",        40,  1,     0,   5000, INSIDE,  NO_PEERS,                -10},

    {"C++, 40 frames: open+close",      "open",          "work-c++",    40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"C++, 40 frames: socket+close",    "socket",        "work-c++",    40,  1,     0,    500, INSIDE,  NO_PEERS,               1.12},
    {"C++, 40 frames: fopen+fclose",    "fopen",         "work-c++",    40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12},
    {"Python, 40 calls: open+close",    "open",          "work.py",     40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12, .needs = "python3"},
    {"Python, 40 calls: socket+close",  "socket",        "work.py",     40,  1,     0,    500, INSIDE,  NO_PEERS,               1.12, .needs = "python3"},
    {"node, 40 calls: open+close",      "open",          "work.js",     40,  1,     0,   1000, INSIDE,  NO_PEERS,               1.12, .needs = "node", .options = "report=none"},
    {"node, 40 calls: opendir+closedir","opendir",       "work.js",     40,  1,     0,    500, INSIDE,  NO_PEERS,               1.12, .needs = "node", .options = "report=none"},

    {"open+close, 2 threads",           "open",          "work",        16,  2,     0,   2000, INSIDE,  NO_PEERS,            1 / .95},
    {"open+close, 8 threads",           "open",          "work",        16,  8,     0,    500, INSIDE,  NO_PEERS,            1 / .95},
    {"open+close, 64 threads",          "open",          "work",        16, 64,     0,    100, INSIDE,  NO_PEERS,            1 / .95},
    {"accept+close, 2 threads",         "accept",        "work",        16,  2,     0,   1000, INSIDE,  NO_PEERS,            1 / .95},
    {"accept+close, 8 threads",         "accept",        "work",        16,  8,     0,    250, INSIDE,  NO_PEERS,            1 / .95},
    {"accept+close, 64 threads",        "accept",        "work",        16, 64,     0,     32, INSIDE,  NO_PEERS,            1 / .95},

    {"open+close, 1,000 open",          "open",          "work",        16,  1,  1000,   1000, INSIDE,  NO_PEERS,               1.05},
    {"open+close, 19,000 open",         "open",          "work",        16,  1, 19000,   1000, INSIDE,  NO_PEERS,               1.05},
    {"19,000 open against 1,000 open",   "open",          "work",        16,  1, 19000,   1000, INSIDE,  NO_PEERS,               1.10, .base = FEW},
    {"a stream, 1,000,000 open",        "stream",        "work",        16,  1, 1000000, 1000, INSIDE,  NO_PEERS,                  0, .streams = true},
    {"1,000,000 streams against 1,000",  "stream",        "work",        16,  1, 1000000, 1000, INSIDE,  NO_PEERS,               1.10, .base = FEW, .streams = true},

    {"exit pass, 19,000 descriptors",   "end",           "whole",        0,  1, 19000,  19000, OUTSIDE, NO_PEERS,                  3,
        .tells = true, .options = "report=none", .command = "$BENCH/ender descriptors $OPERATIONS ${WATCHED:-close}"},
    {"exit pass, 1,000,000 streams",    "end-streams",   "whole",        0,  1,     0, 1000000, OUTSIDE, NO_PEERS,                 3,
        .tells = true, .options = "report=none", .command = "$BENCH/ender streams $OPERATIONS ${WATCHED:-close}"},
    {"end, report: 19,000 descriptors", "report",        "whole",        0,  1, 19000,  19000, OUTSIDE, VALGRIND_TOO,   -3e9 / 19000,
        .tells = true, .by_clock = true, .command = "$BENCH/ender descriptors $OPERATIONS ${WATCHED:-close}"},
    {"end, report: 1,000,000 streams",  "report-streams", "whole",       0,  1,     0, 1000000, OUTSIDE, NO_PEERS,      -3e9 / 1000000,
        .tells = true, .by_clock = true, .command = "$BENCH/ender streams $OPERATIONS ${WATCHED:-close}"},

    {"true: start to end",              "spawn-true",    "work",        16,  1,     0,      1, OUTSIDE, START_TOO,             -80e3},
    {"cat of one file: start to end",   "spawn-cat",     "work",        16,  1,     0,      1, OUTSIDE, EMPTY_TOO,                 0},
    {"posix_spawn of true by a watched","spawn-true",    "work",        16,  1,    10,      1, INSIDE,  EMPTY_TOO,              1.15},
    {"vfork+exec of true by a watched", "vfork",         "work",        16,  1,    10,      1, INSIDE,  EMPTY_TOO,              1.15},
    {"fork+exit of a child",            "fork",          "work",        16,  1,    10,      1, INSIDE,  EMPTY_TOO,              1.15},

    {"a script of 2,000 processes",     "script",        "whole",        0,  1,     0,   2000, OUTSIDE, EMPTY_TOO | STRACE_TOO, 1.15,
        .before = "once script", .command = "sh script $OPERATIONS"},
    {"a script without a command",      "script-alone",  "whole",        0,  1,     0,      1, OUTSIDE, EMPTY_TOO | STRACE_TOO,    0,
        .before = "once script", .command = "sh script 0"},
    {"nginx: a request by wrk",         "nginx",         "whole",        0,  2,     0,      1, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "nginx wrk timeout", .before = "site", .command = "nginx -e /dev/null -p $PWD -c nginx.conf",
        .client = "requests_of_wrk"},
    {"nginx: a request and connection", "nginx-connect", "whole",        0,  2,     0,      1, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "nginx wrk timeout", .before = "site", .command = "nginx -e /dev/null -p $PWD -c nginx.conf",
        .client = "requests_of_wrk -H 'Connection: close'"},
    {"redis: a new connection",         "redis",         "whole",        0,  2,     0,  10000, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "redis-server redis-benchmark timeout", .command = "redis-server --port $PORT --bind 127.0.0.1 --save '' --appendonly no",
        .client = "redis-benchmark -p $PORT -n $OPERATIONS -c 20 -k 0 -t ping_mbulk -q >redis.out 2>&1 && echo $OPERATIONS"},
    {"sqlite3: 100,000 transactions",   "sqlite3",       "whole",        0,  1,     0, 100000, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "sqlite3", .before = "transactions", .command = "sqlite3 data '.read transactions.'$OPERATIONS"},
    {"git status of 20,000 files",      "git-status",    "whole",        0,  1,     0,      1, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "git", .before = "once repository", .command = "git -C repository status"},
    {"git log of 20,000 files",         "git-log",       "whole",        0,  1,     0,      1, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "git", .before = "once repository", .command = "git -C repository log --stat"},
    {"tar of 20,000 files",             "tar",           "whole",        0,  1,     0,      1, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "tar", .before = "once files", .command = "tar cf archive files"},
    {"gcc over 50 files",               "gcc",           "whole",        0,  1,     0,     50, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "gcc", .before = "once units", .command = "gcc -O1 -c $(seq -f units/%.0f.c $OPERATIONS)"},
    {"python: start with 100 imports",  "python",        "whole",        0,  1,     0,      1, OUTSIDE, TOOLS_TOO,              1.02,
        .needs = "python3", .before = "once imports", .command = PYTHON " imports"},
};
/* clang-format on */
const size_t row_count = sizeof rows / sizeof *rows;

bool row_is_whole(const struct row *row) { return row->command != NULL; }
