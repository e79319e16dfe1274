/* driver.c - runs a target of the fuzzer where libFuzzer is not to be had, with its arguments: replays all
 * files of the folders that are named, then changes them at random for -max_total_time=SECONDS. -seed=N repeats
 * a run. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/fuzz/fuzz.h"

enum { MOST_BYTES = 1 << 16 };

struct input {
    uint8_t *bytes;
    size_t size;
};

static struct input *inputs;
static size_t input_count;
static uint64_t seed = 1;
static const char *target;

static void read_input(const char *path) {
    struct stat about;
    FILE *file = fopen(path, "r");
    MUST(file && fstat(fileno(file), &about) == 0);
    if (S_ISREG(about.st_mode)) {
        inputs = realloc(inputs, (input_count + 1) * sizeof *inputs);
        struct input *input = &inputs[input_count++];
        input->bytes = malloc((size_t)about.st_size + 1);
        input->size = fread(input->bytes, 1, (size_t)about.st_size, file);
    }
    fclose(file);
}

static void read_folder(const char *folder) {
    DIR *directory = opendir(folder);
    MUST(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        read_input(path);
    }
    closedir(directory);
}

static uint64_t random_number(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static size_t below(size_t count) { return count ? (size_t)(random_number() % count) : 0; }

static size_t change(uint8_t *bytes, size_t size) {
    static const uint64_t words[] = {0,      1,         0x7f,       0xff,      0x1000,
                                     0xffff, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX};
    size_t at = below(size), width = (size_t)1 << below(4);
    const uint64_t word = below(2) ? words[below(sizeof words / sizeof *words)] : random_number();
    switch (below(4)) {
    case 0: /* shorter */
        return at;
    case 1: /* a part of another input */
    {
        const struct input *other = &inputs[below(input_count)];
        size_t from = below(other->size), length = below(other->size - from);
        length = length < MOST_BYTES - at ? length : MOST_BYTES - at;
        memcpy(bytes + at, other->bytes + from, length);
        return at + length > size ? at + length : size;
    }
    default:
        memcpy(bytes + at, &word, at + width < size ? width : size - at);
        return size;
    }
}

static void keep_for_death(const uint8_t *bytes, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/leftopen-fuzz-%s", target);
    FILE *file = fopen(path, "w");
    if (file) {
        fwrite(bytes, 1, size, file);
        fclose(file);
    }
}

static unsigned long change_for(long seconds) {
    static uint8_t bytes[MOST_BYTES + 8];
    unsigned long runs = 0;
    for (time_t end = time(NULL) + seconds; input_count && time(NULL) < end; runs++) {
        const struct input *input = &inputs[below(input_count)];
        size_t size = input->size < MOST_BYTES ? input->size : MOST_BYTES;
        memcpy(bytes, input->bytes, size);
        for (size_t changes = 1 + below(6); changes; changes--)
            size = change(bytes, size);
        keep_for_death(bytes, size);
        LLVMFuzzerTestOneInput(bytes, size);
    }
    return runs;
}

int main(int count, char **words) {
    long seconds = 0;
    target = strrchr(words[0], '/') ? strrchr(words[0], '/') + 1 : words[0];
    for (int i = 1; i < count; i++)
        if (words[i][0] != '-')
            read_folder(words[i]);
        else if (sscanf(words[i], "-max_total_time=%ld", &seconds) != 1)
            sscanf(words[i], "-seed=%lu", &seed);
    for (size_t i = 0; i < input_count; i++)
        LLVMFuzzerTestOneInput(inputs[i].bytes, inputs[i].size);
    unsigned long runs = change_for(seconds);
    fprintf(stderr, "Done %zu inputs and %lu changed ones\n", input_count, runs);
    return 0;
}
