/* names.c - how long a report takes to find its names: leftopen beside llvm-symbolizer and addr2line.
 *
 *   names LEFTOPEN SITES RUNS FILE FOLDER
 *
 * Makes a record of SITES sites in FOLDER, whose stacks lie in the code of FILE (an ELF file), lets each
 * program find the names for the same addresses, and prints the medians of RUNS, by the clock and of the
 * processor, and the most memory. */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

#include "tracker/record_format.h"

enum {
    FRAMES = 4,     /* of a stack */
    CALLERS = 1000, /* different ones, behind the innermost frame */
    MOST_RUNS = 25,
    MOST_WORDS = 12, /* of a command */
};

#define BIAS 0x555500000000u

/* ---- the code ---- */

struct code {
    char *path;
    uint64_t *functions; /* where each begins, and its size */
    uint64_t *sizes;
    size_t count;
    unsigned char build_id[64];
    ssize_t build_id_bytes;
};

static void take_functions(struct code *code, Elf_Scn *section, const GElf_Shdr *header) {
    size_t count = header->sh_size / header->sh_entsize;
    Elf_Data *data = elf_getdata(section, NULL);
    code->functions = reallocarray(NULL, count, sizeof *code->functions);
    code->sizes = reallocarray(NULL, count, sizeof *code->sizes);
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol) || GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
            symbol.st_shndx == SHN_UNDEF || symbol.st_size < 16)
            continue;
        code->functions[code->count] = symbol.st_value;
        code->sizes[code->count++] = symbol.st_size;
    }
}

/* The functions of `path`, or where it was stripped of `symbols`. */
static struct code read_code(const char *path, const char *symbols) {
    struct code code = {.path = realpath(path, NULL)};
    elf_version(EV_CURRENT);
    int file = open(path, O_RDONLY), other = open(symbols, O_RDONLY);
    Elf *elf = elf_begin(file, ELF_C_READ, NULL), *table = elf_begin(other, ELF_C_READ, NULL);
    const void *build_id = NULL;
    if (!code.path || !elf || !table)
        errx(66, "%s: no ELF file", path);
    code.build_id_bytes = dwelf_elf_gnu_build_id(elf, &build_id);
    if (code.build_id_bytes <= 0 || (size_t)code.build_id_bytes > sizeof code.build_id)
        errx(66, "%s: has no build-id", path);
    memcpy(code.build_id, build_id, (size_t)code.build_id_bytes);
    for (Elf_Scn *section = NULL; (section = elf_nextscn(table, section));) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
            take_functions(&code, section, &header);
    }
    if (!code.count)
        errx(66, "%s: has no symbol table", symbols);
    elf_end(elf);
    elf_end(table);
    close(file);
    close(other);
    return code;
}

/* Random, and the same every time. */
static uint64_t random_address(const struct code *code) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    size_t function = state % code->count;
    return code->functions[function] + 1 + state / code->count % (code->sizes[function] - 1);
}

/* ---- the record ---- */

struct record {
    unsigned char *bytes;
    size_t size;
};

static size_t pages(size_t bytes) {
    return (bytes + RECORD_PAGE_BYTES - 1) / RECORD_PAGE_BYTES * RECORD_PAGE_BYTES;
}

/* The entries of a new chunk with that room. */
static void *add_chunk(struct record *record, enum record_chunk_kind kind, size_t room, size_t entry_bytes) {
    size_t bytes = pages(sizeof(struct record_chunk) + room);
    record->bytes = realloc(record->bytes, record->size + bytes);
    memset(record->bytes + record->size, 0, bytes);
    struct record_chunk *chunk = (struct record_chunk *)(record->bytes + record->size);
    *chunk = (struct record_chunk){.magic = RECORD_CHUNK_MAGIC, .kind = kind, .bytes = bytes, .used = room};
    chunk->entry_bytes = (uint32_t)entry_bytes;
    chunk->entries = entry_bytes ? (uint32_t)((bytes - sizeof *chunk) / entry_bytes) : 0;
    record->size += bytes;
    return chunk + 1;
}

static size_t unit(size_t bytes) { return (bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT; }

static void add_module(struct record *record, const struct code *code) {
    size_t length = strlen(code->path), bytes = unit(sizeof(struct record_module) + length + 1);
    struct record_module *module = add_chunk(record, RECORD_CHUNK_MODULES, bytes, 0);
    module->bytes = (uint32_t)bytes;
    module->start = BIAS;
    module->end = BIAS + 0x100000000u;
    module->bias = BIAS;
    module->build_id_bytes = (uint32_t)code->build_id_bytes;
    memcpy(module->build_id, code->build_id, (size_t)code->build_id_bytes);
    module->path_bytes = (uint32_t)length;
    memcpy(module->path, code->path, length);
}

static void add_stacks(struct record *record, const struct code *code, unsigned sites, FILE *addresses) {
    uint64_t callers[CALLERS];
    size_t bytes = unit(sizeof(struct record_stack) + FRAMES * sizeof(uint64_t)), first = record->size;
    unsigned char *entry = add_chunk(record, RECORD_CHUNK_STACKS, bytes * sites, 0);
    unsigned caller_count = sites < CALLERS ? sites : CALLERS;
    for (unsigned i = 0; i < caller_count; i++)
        fprintf(addresses, "0x%lx\n", (callers[i] = random_address(code)));
    for (unsigned i = 0; i < sites; i++, entry += bytes) {
        struct record_stack *stack = (struct record_stack *)entry;
        stack->bytes = (uint32_t)bytes;
        stack->frames = FRAMES;
        stack->opened = 1;
        strcpy(stack->call, "open");
        stack->pc[0] = random_address(code);
        fprintf(addresses, "0x%lx\n", stack->pc[0]);
        stack->pc[0] += BIAS + 1;
        for (unsigned k = 1; k < FRAMES; k++)
            stack->pc[k] = callers[(i * 7 + k) % caller_count] + BIAS + 1;
    }
    struct record_slot *slots = add_chunk(record, RECORD_CHUNK_OBJECTS, sites * sizeof *slots, sizeof *slots);
    for (unsigned i = 0; i < sites; i++) {
        uint32_t id = (uint32_t)((first + sizeof(struct record_chunk) + i * bytes) / RECORD_UNIT);
        slots[i].word = RECORD_WORD(RECORD_STATE_LIVE, RECORD_KIND_STREAM, 1, id);
        slots[i].sequence = i + 1;
        slots[i].opened = 2000000000u;
        slots[i].object = 0x1000 + 16 * i;
        slots[i].number = -1;
        slots[i].outcome = RECORD_OUTCOME_RELEASED;
    }
}

static void write_record(const struct code *code, unsigned sites, const char *path, const char *list) {
    struct record record = {.bytes = calloc(1, RECORD_PAGE_BYTES), .size = RECORD_PAGE_BYTES};
    FILE *addresses = fopen(list, "w");
    if (!addresses)
        err(1, "%s", list);
    size_t text = record.size + sizeof(struct record_chunk);
    strcpy(add_chunk(&record, RECORD_CHUNK_TEXT, 2 * strlen(code->path) + 2, 0), code->path);
    add_module(&record, code);
    add_stacks(&record, code, sites, addresses);
    struct record_header *header = (struct record_header *)record.bytes;
    memcpy(header->magic, RECORD_MAGIC, sizeof header->magic);
    header->version = RECORD_VERSION;
    header->oldest_reader = RECORD_OLDEST_READER;
    header->abi = RECORD_ABI_X86_64;
    header->header_bytes = sizeof *header;
    header->pid = 4242;
    header->end = RECORD_END_EXIT;
    header->pass = RECORD_PASS_BEGUN | RECORD_PASS_RECONCILED | RECORD_PASS_DETAILS | RECORD_PASS_RELEASED;
    header->executable = text;
    header->allocated = record.size;
    FILE *file = fopen(path, "w");
    if (!file || fwrite(record.bytes, record.size, 1, file) != 1 || fclose(file) != 0)
        err(1, "%s", path);
    fclose(addresses);
    free(record.bytes);
}

/* ---- the programs ---- */

struct cost {
    double milliseconds[MOST_RUNS], computed[MOST_RUNS], megabytes; /* computed: by the processor, in ms */
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double milliseconds(const struct timeval *time) {
    return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

/* False: cannot be run. */
static bool run_once(char *const words[], const char *input, const char *output, struct cost *cost, int run) {
    double begin = now();
    pid_t child = fork();
    if (child == 0) {
        if (!freopen(input, "r", stdin) || !freopen(output, "w", stdout))
            _exit(127);
        execvp(words[0], words);
        _exit(127);
    }
    int status;
    struct rusage usage;
    wait4(child, &status, 0, &usage);
    cost->milliseconds[run] = now() - begin;
    cost->computed[run] = milliseconds(&usage.ru_utime) + milliseconds(&usage.ru_stime);
    double most = (double)usage.ru_maxrss / 1024;
    cost->megabytes = most > cost->megabytes ? most : cost->megabytes;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int ascending(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return difference < 0 ? -1 : difference > 0;
}

static void measure(const char *name, char *const words[], const char *input, const char *output, int runs) {
    struct cost cost = {0};
    for (int i = 0; i < runs; i++)
        if (!run_once(words, input, output, &cost, i)) {
            printf("  %-18s cannot be run\n", name);
            return;
        }
    qsort(cost.milliseconds, (size_t)runs, sizeof *cost.milliseconds, ascending);
    qsort(cost.computed, (size_t)runs, sizeof *cost.computed, ascending);
    printf("  %-18s %8.0f ms, of the processor %6.0f ms %6.0f MB\n", name, cost.milliseconds[runs / 2],
           cost.computed[runs / 2], cost.megabytes);
    fflush(stdout);
}

int main(int count, char **words) {
    if (count != 6 && count != 7)
        errx(64, "usage: names LEFTOPEN SITES RUNS FILE FOLDER [FILE-WITH-SYMBOLS]");
    unsigned sites = (unsigned)atoi(words[2]);
    int runs = atoi(words[3]);
    struct code code = read_code(words[4], count == 7 ? words[6] : words[4]);
    char record[512], list[512], output[512], argument[600];
    if (runs < 1 || runs > MOST_RUNS || sites < 1)
        errx(64, "RUNS is 1 to %d, SITES at least 1", MOST_RUNS);
    snprintf(record, sizeof record, "%s/names.leftopen", words[5]);
    snprintf(list, sizeof list, "%s/addresses", words[5]);
    snprintf(output, sizeof output, "%s/answers", words[5]);
    write_record(&code, sites, record, list);
    snprintf(argument, sizeof argument, "--obj=%s", code.path);
    measure("leftopen report", (char *[]){words[1], "report", record, NULL}, "/dev/null", output, runs);
    measure("llvm-symbolizer", (char *[]){"llvm-symbolizer-14", argument, NULL}, list, "/dev/null", runs);
    measure("addr2line -Cfi", (char *[]){"addr2line", "-Cfie", code.path, NULL}, list, "/dev/null", runs);
    return 0;
}
