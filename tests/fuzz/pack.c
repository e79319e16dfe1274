/* pack.c - makes inputs of the fuzzer: pack FOLDER writes the records that tests build, pack FOLDER RECORD…
 * writes those that programs have left. */
#include "tests/fuzz/packed.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/record_builder.h"

static void save(const char *folder, const char *name, const unsigned char *record, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        exit(1);
    }
    packed_write(record, size, out);
    fclose(out);
}

/* The hole behind what is in use is left out: its room is taken once, for all that may come. */
static size_t size_in_use(const unsigned char *record, size_t size) {
    while (size && !record[size - 1])
        size--;
    return (size + RECORD_PAGE_BYTES - 1) / RECORD_PAGE_BYTES * RECORD_PAGE_BYTES;
}

static void save_file(const char *folder, const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(1);
    }
    unsigned char *record = calloc(1, PACKED_MOST_BYTES);
    size_t size = fread(record, 1, PACKED_MOST_BYTES, file);
    const char *slash = strrchr(path, '/');
    save(folder, slash ? slash + 1 : path, record, size_in_use(record, size));
    fclose(file);
    free(record);
}

/* Something of everything that a record can hold. */
static struct builder *rich_record(void) {
    struct builder *builder = builder_begin();
    const uint64_t deep[] = {0x401010, 0x401120, 0x7f0000001234, 0x401010 | RECORD_PC_EXACT};
    const uint64_t shallow[] = {0x7f0000002345};
    const struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = 0x5000, .sin_addr = {0x0100007f}};
    const struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_port = 0x5000};
    builder_module(builder, "", 0x400000, 0x500000, 0, "\x12\x34\x56\x78", 4);
    builder_module(builder, "/opt/server/lib/libnet.so.2", 0x7f0000000000, 0x7f0000010000, 0x7f0000000000,
                   "\xaa\xbb", 2);
    builder_module(builder, "/opt/old.so", 0x7f0000000000, 0x7f0000010000, 0x7f0000000000, "", 0)->gone_epoch =
        1;
    builder_thread(builder, 4242, "server");
    builder_thread(builder, 4243, "worker");
    uint32_t one = builder_stack(builder, "socket", deep, 4, 12, 9);
    uint32_t other = builder_stack(builder, "fopen", shallow, 1, 3, 1);
    builder_detail(builder, builder_number(builder, 5, RECORD_KIND_SOCKET, one, RECORD_OUTCOME_RELEASED),
                   0140777, "socket:[77]", &local, sizeof local, &peer, sizeof peer);
    builder_number(builder, 6, RECORD_KIND_SOCKET, one, RECORD_OUTCOME_FAILED)->error = 5;
    builder_detail(builder, builder_number(builder, 7, RECORD_KIND_DESCRIPTOR, 0, RECORD_OUTCOME_SKIPPED),
                   0100644, "/var/tmp/state (deleted)", "", 0, "", 0);
    builder_number(builder, 8, RECORD_KIND_FILE, other, RECORD_OUTCOME_NONE)->word =
        RECORD_WORD(RECORD_STATE_INHERITED, RECORD_KIND_FILE, 1, other);
    builder_number(builder, 9, RECORD_KIND_PIPE, other, RECORD_OUTCOME_NONE)->word =
        RECORD_WORD(RECORD_STATE_RELEASING, RECORD_KIND_PIPE, 3, one);
    builder_object(builder, 0x55550000, 10, RECORD_KIND_STREAM, other, RECORD_OUTCOME_LEFT);
    builder_object(builder, 0x55560000, -1, RECORD_KIND_PROCESS, other, RECORD_OUTCOME_GONE)->owner_pid = 4300;
    struct record_header *header = builder_header(builder);
    header->notes = 0x7ff;
    header->losses[RECORD_LOSS_STACK] = 2;
    header->unseen = 1;
    header->shortages[RECORD_SHORTAGE_FAILURE] = (struct record_shortage){.state = RECORD_SHORTAGE_NOTED,
                                                                          .error = 24,
                                                                          .monotonic = 5,
                                                                          .limit = 1024,
                                                                          .held = 1020,
                                                                          .call = "accept"};
    return builder;
}

static void save_built(const char *folder) {
    struct builder *builder = rich_record();
    struct record_header *header = builder_header(builder);
    save(folder, "built-ended", builder->bytes, BUILDER_BYTES);
    header->end = RECORD_END_RUNNING;
    header->pass = 0;
    save(folder, "built-killed", builder->bytes, BUILDER_BYTES);
    header->reserved[0] = 1; /* see record.c */
    save(folder, "built-living", builder->bytes, BUILDER_BYTES);
    free(builder);
    builder = builder_begin();
    save(folder, "built-empty", builder->bytes, BUILDER_BYTES);
    free(builder);
}

int main(int count, char **words) {
    if (count < 2)
        return 64;
    if (count == 2)
        save_built(words[1]);
    for (int i = 2; i < count; i++)
        save_file(words[1], words[i]);
    return 0;
}
