/* model.h - one process, as its record tells it. Filled by record_reader.c; everybody else only reads.
 *
 * All strings are owned by the process and may hold any byte but zero: they came from another program. */
#ifndef TOOLS_MODEL_H
#define TOOLS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracker/record_format.h"

/* Who released handles. */
struct closer {
    uint64_t place;            /* address behind the call; 0 unknown */
    const struct stack *stack; /* of the call; NULL: only its place is known */
    uint64_t count;            /* of handles that it released */
};

struct stack {
    uint32_t id; /* RECORD_WORD_STACK of the handles acquired here */
    char call[29];
    bool cut, caller_only; /* enum record_stack_flag */
    uint64_t epoch;        /* of the module list */
    uint64_t opened, closed;
    uint64_t lived, longest;                  /* ns that the released ones were open: all together, at most */
    uint32_t peak;                            /* most open at once; 0 unknown */
    uint32_t short_of[RECORD_SHORTAGE_COUNT]; /* descriptors of this stack when they became short */
    struct closer closers[RECORD_CLOSERS];    /* in the order in which they first did */
    uint64_t closed_elsewhere;                /* by others, or by nobody knows whom */
    uint32_t passed;                          /* most descriptors that passed over one exec */
    char *first_name; /* path that was opened here first, as the program gave it; "" unknown */
    size_t count;
    uint64_t *pc; /* innermost first; see RECORD_PC_EXACT */
};

struct module {
    uint64_t start, end, bias;
    uint64_t loaded_epoch, gone_epoch; /* gone_epoch UINT64_MAX: still there */
    char build_id[65];                 /* hexadecimal, "" unknown */
    char *path;                        /* as the program knew it; "" unknown */
};

/* What the kernel said of a handle. */
struct detail {
    uint32_t id;
    uint32_t mode; /* st_mode, 0 unknown */
    uint64_t sequence;
    uint64_t device, inode;
    int64_t size;
    uint64_t blocks;                 /* of 512 bytes that it takes */
    uint32_t links;                  /* names that it has */
    uint32_t status_flags;           /* O_RDONLY … */
    uint16_t domain, type, protocol; /* of a socket, 0 unknown */
    uint8_t tcp_state;
    bool with_state;         /* else nothing of what follows is known; 0 there: none */
    uint64_t unread, unsent; /* bytes */
    uint32_t waiting;        /* connections that were not accepted */
    int peer_pid;            /* of who connected, listened or made the pair */
    uint64_t peer_inode;     /* of the other end of a local socket */
    int duplicate_of;        /* descriptor with the same open file description; -1 none */
    unsigned flags;          /* enum record_detail_flag */
    int child_status;        /* as wait gives it */
    char *information;       /* of /proc/PID/fdinfo/N, maybe without its first lines */
    char *link;              /* of /proc/PID/fd/N, "" unknown */
    char *local, *peer;
    size_t local_bytes, peer_bytes; /* struct sockaddr of some family, unaligned */
};

struct handle {
    size_t place;    /* of its struct record_slot: bytes from the start of the record */
    bool is_address; /* a FILE *, a DIR * …: `object`; else the descriptor `number` */
    enum record_state state;
    enum record_kind kind; /* RECORD_KIND_COUNT: a kind that this reader does not know */
    int number;            /* the descriptor, or the one inside an object; -1 none */
    uint64_t object;       /* its address, or that of the owner of a number; 0 none */
    uint64_t sequence;     /* order of acquires */
    uint64_t opened;       /* CLOCK_MONOTONIC, ns; 0 unknown */
    int thread;            /* 0 unknown */
    int other_pid;         /* see record_slot.owner_pid; 0 none */
    enum record_outcome outcome;
    int error;
    unsigned flags;              /* enum record_slot_flag */
    const struct stack *stack;   /* NULL unknown */
    const struct detail *detail; /* NULL unknown */
    char *path;                  /* shm-name: its path; NULL unknown */
    int made_from;               /* descriptor it was made from, or of a pair the first one; -1 none */
};

/* For qsort. A damaged record has any numbers: their difference may not fit. */
static inline int handle_compare_numbers(const struct handle *one, const struct handle *other) {
    return one->number < other->number ? -1 : one->number > other->number;
}

/* Descriptors became short; see struct record_shortage. */
struct shortage {
    bool noted;
    int error; /* 0: none failed yet */
    uint64_t monotonic;
    uint64_t limit; /* 0 unknown */
    uint32_t held, inherited;
    int thread;
    char call[29];
};

/* A wrong call on a handle; see struct record_misuse. */
struct misuse {
    enum record_misuse_type type;
    enum record_kind kind; /* of the handle; RECORD_KIND_COUNT: one that this reader does not know */
    int number;            /* -1 none */
    int error, thread;     /* 0 none, unknown */
    uint32_t count;
    const struct stack *now, *opened; /* NULL unknown */
    const struct stack *closed;       /* who had closed it, where the whole stack is known; else NULL and … */
    uint64_t closer;                  /* … its address, 0 unknown */
    uint64_t lost;                    /* bytes, 0 unknown */
    uint64_t monotonic;
};

struct thread {
    int id;
    unsigned acquiring; /* calls that may acquire which it is in, or has left by a jump */
    char name[17];
};

struct process {
    char *source;   /* path of the record, for messages */
    bool alive;     /* it still ran, or was ending, when the record was read */
    bool truncated; /* a part of the record is missing or damaged: told on standard error */
    unsigned char name[16], parent_name[16];
    int pid, parent_pid; /* 0 unknown */
    char *executable;    /* "" unknown */
    char **arguments;    /* ended by NULL */
    uint64_t fork_sequence;
    uint64_t started_realtime, ended_realtime; /* ns; 0 unknown, not yet */
    uint64_t started_monotonic, ended_monotonic;
    enum record_end end;
    int status;                      /* exit status where `end` has one; after a signal 128 + its number */
    int signal;                      /* that ended it, as its parent was told; 0 none or not known */
    unsigned pass, notes;            /* enum record_pass, enum record_note */
    uint64_t limit_soft, limit_hard; /* UINT64_MAX: unlimited; 0 unknown */
    int64_t open, peak, unseen;      /* unseen -1: unknown */
    uint64_t losses[RECORD_LOSS_COUNT];
    uint64_t sequence;
    size_t opening; /* handles that were being acquired or changed while the record was read */
    size_t closing;
    size_t acquiring; /* calls under way that may acquire: what those have made may not be here yet */
    size_t kept;      /* numbers that option quarantine keeps, each by a descriptor of the library */
    struct shortage shortages[RECORD_SHORTAGE_COUNT];
    uint64_t failures;        /* calls that failed with EMFILE or ENFILE */
    uint64_t report_requests; /* reports asked for while the process ran */

    struct handle *handles;
    size_t handle_count;
    struct stack *stacks; /* by ascending id */
    size_t stack_count;
    struct module *modules;
    size_t module_count;
    struct detail *details; /* by ascending id */
    size_t detail_count;
    struct thread *threads;
    size_t thread_count;
    struct misuse *misuses;
    size_t misuse_count;
};

/* A process that has left no record; `executable` and `arguments` (ended by NULL) may be NULL: not known. */
struct process *record_of_nothing(int pid, const char *executable, char *const *arguments);

void record_end(struct process *process);

/* Where a code address was at the time of the stack; NULL: in nothing that was recorded. */
const struct module *record_module_at(const struct process *process, uint64_t pc, uint64_t epoch);

#endif
