/* suppressions.c - any bytes as a file of suppressions, held against a finding that has everything. */
#include "tests/fuzz/fuzz.h"
#include "tools/findings/suppress.h"

static void ignore(void *context, const char *sentence) { MUST(sentence[0]); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct frame frames[] = {
        {.function = "ns::connect(int)",
         .symbol = "_ZN2ns7connectEi",
         .file = "src/net/conn.c",
         .line = 42,
         .module = "/usr/lib/libnet.so.2",
         .build_id = "abcd",
         .offset = 0x1234},
        {.module = "", .build_id = ""},
        {.function = "main", .symbol = "main", .module = "/usr/bin/server", .build_id = ""},
    };
    static const struct trace trace = {.frames = frames, .count = 3};
    static struct stack stack = {.call = "socket"};
    static struct handle handle = {.number = 5, .kind = RECORD_KIND_SOCKET, .stack = &stack};
    static char *arguments[] = {"./server", "--port", NULL};
    static struct process process = {.executable = "/usr/bin/server", .arguments = arguments};
    struct finding finding = {.process = &process,
                              .handle = &handle,
                              .kind = RECORD_KIND_SOCKET,
                              .what = "TCP 127.0.0.1:80",
                              .age = 1,
                              .trace = &trace};
    char path[32];
    fuzz_file(data, size, path);
    struct suppressions *suppressions = suppress_begin(path, process.executable);
    suppress_takes(suppressions, &finding);
    finding.what = NULL;
    suppress_takes(suppressions, &finding);
    suppress_each_note(suppressions, true, ignore, NULL);
    suppress_end(suppressions);
    return 0;
}
