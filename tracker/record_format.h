/* record_format.h - the record of one process, as it lies in its file.
 *
 * The only header that tracker/ (writes) and tools/ (reads) share. A record is
 *
 *     page 0          struct record_header
 *     page 1 …        chunks, each starting on a page, in any order
 *
 * A chunk says what it holds and how long it is, so a reader walks from one to the next and skips kinds that
 * it does not know. A page that should start a chunk and has no RECORD_CHUNK_MAGIC is stepped over: its writer
 * was stopped between taking the room and naming it. Nothing in a record is a pointer: places inside are byte
 * offsets from the start of the file, or units of RECORD_UNIT where 32 bits must do.
 *
 * A record is written by any thread of a running process at any time, and outlives it. Fields that change
 * after their chunk was named are _Atomic; a reader takes a slot as true only if its word is the same before
 * and after it read the rest. All of it is hostile input to a reader.
 */
#ifndef TRACKER_RECORD_FORMAT_H
#define TRACKER_RECORD_FORMAT_H

#include <stdint.h>

#define RECORD_MAGIC "LEFTOPEN" /* eight bytes, no terminating zero */
enum {
    RECORD_VERSION = 3,        /* what this source writes */
    RECORD_OLDEST_READER = 3,  /* the oldest version of a reader that understands what this source writes */
    RECORD_OLDEST_READABLE = 1 /* the oldest record that this source's reader understands */
};

#define RECORD_PAGE_BYTES 4096u /* of the format; the machine's pages may be larger */
#define RECORD_UNIT 16u         /* stack ids and detail ids are offset / RECORD_UNIT; 0 means none */
#define RECORD_SUFFIX ".leftopen"
/* In the folder of a tree. The first is there while `leftopen run` collects: programs that ran without the
 * library are appended to it, a line each. The second is an empty file … PID-COUNT of a process that could have
 * no file for its record and told its findings by itself. */
#define RECORD_UNWATCHED "unwatched"
#define RECORD_TOLD "told-"

/* machine (ELF e_machine) << 16 | bytes of a pointer << 8 | 1 for little endian */
#define RECORD_ABI_X86_64 (62u << 16 | 8u << 8 | 1u)
#define RECORD_ABI_AARCH64 (183u << 16 | 8u << 8 | 1u)

/* How the process ended; RECORD_END_RUNNING in the record of a process that is gone means that nothing could
 * be written at its end (SIGKILL, a fatal signal, a system call that bypassed libc). */
enum record_end {
    RECORD_END_RUNNING,
    RECORD_END_EXIT,       /* exit(), return from main, last thread's pthread_exit */
    RECORD_END_EXIT_NOW,   /* _exit(), _Exit(), syscall(SYS_exit_group) */
    RECORD_END_QUICK_EXIT, /* quick_exit() */
    RECORD_END_ABORT,      /* abort() */
    RECORD_END_EXEC        /* another image took over; `status` is 0 */
};

/* What the exit pass has done, each bit set when the step is complete. */
enum record_pass {
    RECORD_PASS_BEGUN = 1,
    RECORD_PASS_RECONCILED = 2, /* every slot was compared with the kernel */
    RECORD_PASS_DETAILS = 4,    /* details were asked from the kernel */
    RECORD_PASS_RELEASED = 8,   /* outcomes are final */
    RECORD_PASS_REPORTED = 16   /* a report was shown: nothing is left to tell unless asked */
};

/* Facts about the process that a report mentions. */
enum record_note {
    RECORD_NOTE_NO_PROC = 1,               /* /proc/self/fd could not be read */
    RECORD_NOTE_LOCKED_DOWN = 2,           /* seccomp: no system calls of ours, so nothing was reconciled */
    RECORD_NOTE_UNSHARED = 4,              /* a thread got a descriptor table of its own */
    RECORD_NOTE_NO_LIBUNWIND = 8,          /* unwind=libunwind was asked for and could not be had */
    RECORD_NOTE_MEMORY_ONLY = 16,          /* the record had no file while the process ran */
    RECORD_NOTE_THREADS_AT_EXIT = 32,      /* other threads ran while the exit pass worked */
    RECORD_NOTE_FORK_CHILD = 64,           /* this process came from a fork that no exec followed */
    RECORD_NOTE_STANDARD_ERROR_LOST = 128, /* descriptor 2 was no longer the program's: nothing was written */
    RECORD_NOTE_NO_RENDERER = 256,         /* the tool could not be run; raw frames were shown, or nothing */
    RECORD_NOTE_DEEP_BINDING = 512,        /* a library was loaded with RTLD_DEEPBIND: its calls are not seen */
    RECORD_NOTE_NAMESPACE = 1024,          /* a library was loaded into a namespace of its own: likewise */
    RECORD_NOTE_SNAPSHOT = 2048 /* a copy that the tool took of a running process's record at `ended_…` */
};

/* Why something is missing. Each is a counter; a report names those that are not zero. */
enum record_loss {
    RECORD_LOSS_MEMORY, /* handles not recorded: no room in the record */
    RECORD_LOSS_STACK,  /* handles recorded without a stack: no room in the record */
    RECORD_LOSS_CLOSE,  /* closes that were not seen: the number was handed out again */
    RECORD_LOSS_BUSY,   /* events that met a record being made by another thread */
    RECORD_LOSS_MISUSE, /* wrong calls at places that there was no room for */
    RECORD_LOSS_COUNT = 8
};

/* Descriptors became short. Each is noted once in the life of a process. */
enum record_shortage_kind {
    RECORD_SHORTAGE_SHARE,   /* the share of the limit that option warn_at names was passed */
    RECORD_SHORTAGE_FAILURE, /* a call failed with EMFILE or ENFILE */
    RECORD_SHORTAGE_COUNT
};
enum record_shortage_state { RECORD_SHORTAGE_NONE, RECORD_SHORTAGE_WRITING, RECORD_SHORTAGE_NOTED };

/* Who held the descriptors then is in record_stack.short_of. */
struct record_shortage {
    _Atomic uint32_t state; /* enum record_shortage_state, stored last */
    int32_t error;          /* EMFILE or ENFILE; 0: none failed yet */
    uint64_t monotonic;     /* CLOCK_MONOTONIC, ns (coarse) */
    uint64_t limit;         /* RLIMIT_NOFILE, soft; 0 unknown */
    uint32_t held;          /* descriptors open as far as the record knows, all of those below included */
    uint32_t inherited;     /* of these, without a stack: inherited from the program's start */
    int32_t thread;         /* that met it; 0 unknown */
    uint32_t reserved;
    char call[28]; /* that failed, or that made the descriptor; zero-terminated */
    uint32_t reserved_too;
};

struct record_header {
    char magic[8];
    uint32_t version;
    uint32_t oldest_reader;
    uint32_t abi;
    uint32_t header_bytes;      /* sizeof(struct record_header) of the writer */
    uint8_t name[16];           /* random; the file is called by its hexadecimal form + RECORD_SUFFIX */
    uint8_t parent_name[16];    /* of the process this one was forked from; zero: none */
    uint64_t fork_sequence;     /* handles of the parent up to this sequence number were inherited */
    uint64_t started_realtime;  /* CLOCK_REALTIME, ns: the program's start (of a fork child: the fork) */
    uint64_t started_monotonic; /* CLOCK_MONOTONIC, ns, same instant */
    _Atomic uint64_t ended_realtime;  /* ns; 0 while running */
    _Atomic uint64_t ended_monotonic; /* ns; the `now` that ages are taken from */
    int32_t pid;                      /* in the process's own pid namespace */
    int32_t parent_pid;
    _Atomic int32_t status;      /* exit status, where `end` has one */
    _Atomic uint32_t end;        /* enum record_end */
    _Atomic uint32_t pass;       /* enum record_pass, or-ed */
    _Atomic uint32_t notes;      /* enum record_note, or-ed */
    _Atomic uint64_t limit_soft; /* RLIMIT_NOFILE at start and again at the exit pass */
    _Atomic uint64_t limit_hard;
    uint64_t executable;     /* offset of a zero-terminated path, 0: unknown */
    uint64_t arguments;      /* offset of zero-terminated strings, one after the other */
    uint32_t argument_bytes; /* all of them with their zeros; may be cut short */
    uint32_t argument_count;
    uint64_t options;           /* offset of the zero-terminated LEFTOPEN_OPTIONS, 0: none */
    _Atomic uint64_t allocated; /* bytes of the file in use, a multiple of RECORD_PAGE_BYTES */
    _Atomic uint64_t losses[RECORD_LOSS_COUNT];
    _Atomic int64_t unseen; /* descriptors open at the exit pass that no entry explains; -1 unknown */
    _Atomic int64_t reserved[7];
    /* Written by every acquire and release: a cache line of its own. */
    _Alignas(64) _Atomic uint64_t sequence; /* highest one of an acquire, now or soon */
    _Atomic int64_t open;                   /* descriptors open now, and what stripes keep back of these */
    _Atomic int64_t peak;                   /* most handles open at once */
    /* From here on since version 2. */
    _Alignas(64) struct record_shortage shortages[RECORD_SHORTAGE_COUNT];
    _Atomic uint64_t failures;        /* calls that failed with EMFILE or ENFILE */
    _Atomic uint64_t report_requests; /* reports asked for while the process ran (option report_signal) */
};

#define RECORD_CHUNK_MAGIC 0x4b4e4843u /* "CHNK" */
#define RECORD_ENTRY_UNFINISHED 1u     /* lengths of entries are multiples of RECORD_UNIT */

enum record_chunk_kind {
    RECORD_CHUNK_UNUSED,  /* room that was taken and given up */
    RECORD_CHUNK_NUMBERS, /* struct record_slot per descriptor number, from `first` on */
    RECORD_CHUNK_OBJECTS, /* struct record_slot per handle that is an address; in no order */
    RECORD_CHUNK_STACKS,  /* struct record_stack, one after the other, up to `used` bytes */
    RECORD_CHUNK_MODULES, /* struct record_module, likewise */
    RECORD_CHUNK_THREADS, /* struct record_thread, likewise */
    RECORD_CHUNK_DETAILS, /* struct record_detail, likewise */
    RECORD_CHUNK_TEXT,    /* bytes that the header's offsets point into */
    RECORD_CHUNK_MISUSES, /* struct record_misuse, likewise */
    RECORD_CHUNK_STRIPES  /* struct record_stripe, likewise; since version 3 */
};

/* Heads every chunk; entries follow at once. In RECORD_CHUNK_NUMBERS and _OBJECTS this is the place of the
 * first slot: a chunk of N pages holds N * 64 - 1 slots. */
struct record_chunk {
    _Atomic uint32_t magic; /* stored last, release */
    uint32_t kind;          /* enum record_chunk_kind */
    uint64_t bytes;         /* with this head; a multiple of RECORD_PAGE_BYTES */
    uint64_t first;         /* RECORD_CHUNK_NUMBERS: the number of the first slot */
    uint32_t entry_bytes;   /* 0: entries tell their own length in their first uint32_t */
    uint32_t entries;       /* how many fit; 0 where entries have their own length */
    _Atomic uint64_t used;  /* bytes of entries taken so far, without this head; may run past the end: clamp.
                             * An entry that was taken and not finished has RECORD_ENTRY_UNFINISHED in its
                             * length:  step over it. Length 0: nothing behind it can be read. Slots: not used,
                             * free ones  are state 0 */
    uint64_t reserved[3];
};
_Static_assert(sizeof(struct record_chunk) == 64, "a chunk's head takes the room of one slot");

/* The word of a slot
 *
 *   63            32 31        12 11     4 3     0
 *  +----------------+------------+--------+-------+
 *  |    stack id    | generation |  kind  | state |
 *  +----------------+------------+--------+-------+
 *
 * Everything that must agree is in one word, changed by compare-and-swap only. The generation grows by one at
 * each acquire, so that a word seen twice means that nothing happened in between. A freed slot keeps kind,
 * stack and generation: who closes it once more learns what it was. */
enum record_state {
    RECORD_STATE_FREE,
    RECORD_STATE_WRITING, /* acquired; its fields are being written */
    RECORD_STATE_LIVE,
    RECORD_STATE_RELEASING, /* a release has begun and has not returned */
    RECORD_STATE_OWNED,     /* belongs to the stream or directory at `object`: not a handle by itself */
    RECORD_STATE_INHERITED  /* open before the program started (stack 0), or made by the parent of a fork */
};
#define RECORD_WORD(state, kind, generation, stack)                                                            \
    ((uint64_t)(state) | (uint64_t)(kind) << 4 | (uint64_t)((generation)&0xfffffu) << 12 |                     \
     (uint64_t)(stack) << 32)
#define RECORD_WORD_STATE(word) ((unsigned)((word)&0xf))
#define RECORD_WORD_KIND(word) ((unsigned)((word) >> 4 & 0xff))
#define RECORD_WORD_GENERATION(word) ((unsigned)((word) >> 12 & 0xfffff))
#define RECORD_WORD_STACK(word) ((uint32_t)((word) >> 32))

/* Kinds of handle, one per row of kinds.def. */
enum record_kind {
#define KIND(name, word, plural, report) RECORD_KIND_##name,
#include "kinds.def"
    RECORD_KIND_COUNT
};

/* Handles that outlive the process are no addresses: bits that those do not have, and what tells them apart. */
#define RECORD_NAME_OBJECT(hash) (3ull << 62 | (hash) >> 2)
#define RECORD_IPC_OBJECT(sort, id) (3ull << 62 | (uint64_t)(sort) << 32 | (uint32_t)(id))
#define RECORD_IPC_SORT(object) ((enum record_ipc)((object) >> 32 & 3))
#define RECORD_IPC_ID(object) ((int)(uint32_t)(object))
enum record_ipc { RECORD_IPC_MEMORY = 1, RECORD_IPC_SEMAPHORES, RECORD_IPC_MESSAGES };

enum record_outcome {
    RECORD_OUTCOME_NONE, /* not a finding of the exit pass: not held, inherited, or no pass ran */
    RECORD_OUTCOME_LEFT, /* left open; not released yet, or never (the process died first) */
    RECORD_OUTCOME_RELEASED,
    RECORD_OUTCOME_FAILED,      /* released, and the kernel said `error` */
    RECORD_OUTCOME_SKIPPED,     /* left open and not released: release=none|streams, or nothing to release */
    RECORD_OUTCOME_HANDED_OVER, /* a fork child or a program was to have it: not left open by this process */
    RECORD_OUTCOME_GONE         /* the kernel does not know it: closed behind our back, dropped */
};

enum record_slot_flag {
    RECORD_SLOT_CLOSE_BEGUN = 1, /* a close was begun by the program and never returned (cancelled) */
    RECORD_SLOT_FROM_FORK = 2,   /* acquired by a process this one was forked from */
    RECORD_SLOT_ADOPTED = 4,     /* from a fork, and that process is gone: handed over, now this one's own */
    RECORD_SLOT_UNSEEN = 8, /* RECORD_STATE_INHERITED: met by the exit pass, no call that was seen opened it */
    RECORD_SLOT_CLOSED_IN_RANGE = 16, /* the last release was of a range of numbers, or one of a loop, or is
                                       * going to be: the handle lists all numbers */
    RECORD_SLOT_QUARANTINED = 32, /* closed, and the number is kept from being given out (option quarantine) */
    RECORD_SLOT_INSIDE = 64,      /* acquired with the object that owns it, at its stack: not counted there */
    RECORD_SLOT_SHARED = 128 /* numbers: several objects own it (fdopen twice). objects: another that owned its
                              * number was released, and closed it: `closer` is who did that, it has none since */
};

struct record_slot {
    _Atomic uint64_t word;
    _Atomic uint64_t sequence; /* order of acquires in this process, from 1 */
    _Atomic uint64_t opened;   /* CLOCK_MONOTONIC, ns (coarse); 0 unknown */
    _Atomic uint64_t object;   /* numbers: address of the stream or directory that owns it, 0 none.
                                * objects: the handle's own address */
    _Atomic uint64_t closer;   /* code address that began the last release, or RECORD_CLOSER_STACK; 0 none */
    _Atomic int32_t thread;    /* kernel thread id that acquired it; 0 unknown */
    _Atomic int32_t number;    /* objects: the descriptor inside, -1 none.
                                * numbers: the descriptor it was made from (dup, accept), or of a pair the first
                                * one, -1 none */
    _Atomic int32_t owner_pid; /* RECORD_SLOT_FROM_FORK: process that acquired it. process: pid of the child */
    _Atomic uint32_t detail;   /* offset / RECORD_UNIT of its struct record_detail, 0 none.
                                * shm-name: of its path, ended by a zero byte */
    _Atomic uint8_t outcome;   /* enum record_outcome */
    _Atomic uint8_t error;     /* errno of RECORD_OUTCOME_FAILED */
    _Atomic uint8_t flags;     /* enum record_slot_flag */
    _Atomic uint8_t released_from; /* enum record_state before the last release; tells what RELEASING was */
    /* mapping: its length in RECORD_PAGE_BYTES, 0 unknown. numbers: stack id of the handle that had the number
     * before, 0 none */
    _Atomic uint32_t pages;
};
_Static_assert(sizeof(struct record_slot) == 64, "one slot, one cache line");

/* The object of a timer: libc's number or address of it, with a bit that addresses do not have. */
#define RECORD_TIMER (1ull << 63)

/* A closer with this bit is a stack id (option misuse=2), not an address. */
#define RECORD_CLOSER_STACK (1ull << 63)

/* A PC with this bit is exact (a signal frame's interrupted instruction, a caller-only address is not): look
 * it up as it is. All others are return addresses: look up PC - 1. */
#define RECORD_PC_EXACT (1ull << 63)

enum record_stack_flag {
    RECORD_STACK_CUT = 1,        /* deeper than `depth` */
    RECORD_STACK_CALLER_ONLY = 2 /* the place or the back end allowed one frame only */
};

enum { RECORD_CLOSERS = 3 };

struct record_closer {
    _Atomic uint64_t place; /* as record_slot.closer has it; 0: there is none. It stays once it is set */
    _Atomic uint64_t count; /* handles that it released; of the first one: what the others leave of `closed` */
};

struct record_stack {
    uint32_t bytes; /* of this entry, a multiple of RECORD_UNIT; stored last */
    uint32_t next;  /* the writer's own */
    uint32_t hash;
    uint16_t frames;
    uint16_t flags;           /* enum record_stack_flag */
    uint64_t modules_epoch;   /* grows whenever a module was unloaded: same PCs, other code */
    _Atomic uint64_t opened;  /* handles acquired here so far */
    _Atomic uint64_t closed;  /* of these, released again */
    _Atomic uint64_t lived;   /* ns (coarse) that the released ones were open, added up */
    _Atomic uint64_t longest; /* ns (coarse) that one of them was open, at most */
    /* Who released them, in the order in which they first did; later ones have no place here. */
    struct record_closer closers[RECORD_CLOSERS];
    _Atomic uint64_t closed_elsewhere;                /* by others, or by nobody knows whom */
    _Atomic uint32_t peak;                            /* most of them open at once */
    _Atomic uint32_t details;                         /* details given to handles of this stack */
    _Atomic uint32_t short_of[RECORD_SHORTAGE_COUNT]; /* descriptors of this stack when they became short */
    _Atomic uint32_t passed;  /* most descriptors that passed over one exec; counted with option exec_leaks */
    _Atomic uint32_t passing; /* the writer's own, while it counts them */
    /* offset / RECORD_UNIT of the zero-terminated path that was opened here first, as the program gave it (the
     * command of a popen, the name of a memfd …); 0 none */
    _Atomic uint32_t first_name;
    char call[28]; /* name of the acquiring call, zero-terminated */
    uint64_t pc[]; /* innermost first; pc[0] is in the program's call */
};

/* Counters that some of the threads keep to themselves, so that processors need not pass the common ones to and
 * fro. A release is kept back until the next acquire at the same stack makes it good: such a pair stays until
 * the word is needed for another stack, and the common counters hear of neither. Who reads those adds what is
 * kept back: stack.opened + pairs, stack.closed + pairs + releases, header.open - releases of `numbers`.
 *
 *   63            32 31             8 7          0
 *  +----------------+----------------+------------+
 *  |    stack id    |     pairs      |  releases  |
 *  +----------------+----------------+------------+
 */
#define RECORD_STRIPE_WORD(stack, pairs, releases)                                                             \
    ((uint64_t)(stack) << 32 | (uint64_t)(pairs) << 8 | (uint64_t)(releases))
#define RECORD_STRIPE_STACK(word) ((uint32_t)((word) >> 32))
#define RECORD_STRIPE_PAIRS(word) ((uint32_t)(word) >> 8)
#define RECORD_STRIPE_RELEASES(word) ((uint32_t)(word)&0xff)
enum { RECORD_STRIPE_STACKS = 14, RECORD_STRIPE_MOST_PAIRS = 0xffffff };

struct record_stripe {
    _Atomic uint32_t bytes; /* stored last */
    uint32_t reserved;
    _Atomic uint64_t numbers; /* of all descriptors; no stack, and the pairs say nothing */
    _Atomic uint64_t stacks[RECORD_STRIPE_STACKS];
};

/* As version 1 had it. */
struct record_stack_1 {
    uint32_t bytes, next, hash;
    uint16_t frames, flags;
    uint64_t modules_epoch, opened, closed;
    uint32_t details;
    char call[28];
    uint64_t pc[];
};

enum record_misuse_type {
#define MISUSE(name, word, text) RECORD_MISUSE_##name,
#include "tracker/misuses.def"
    RECORD_MISUSE_COUNT
};

/* A wrong call on a handle: its first one of this type at this stack, and how many there were. */
struct record_misuse {
    _Atomic uint32_t length; /* of this entry, a multiple of RECORD_UNIT; stored last */
    uint32_t previous;       /* the writer's own */
    uint8_t type;            /* enum record_misuse_type */
    uint8_t kind;            /* enum record_kind of the handle */
    uint8_t error;           /* errno of the call, 0 none */
    _Atomic uint8_t asks;    /* the writer's own: numbers that nobody ever had are used there as well */
    _Atomic uint32_t count;  /* 0: taken back, it was a loop over all numbers */
    int32_t number;          /* the descriptor, -1 none */
    int32_t thread;          /* that made the call; 0 unknown */
    uint32_t now;            /* stack id of the call, whose name is the stack's */
    uint32_t opened;         /* stack id where the handle was acquired, 0 unknown */
    uint64_t closer;         /* who had closed it, as record_slot.closer has it; 0 unknown */
    uint64_t lost;           /* bytes that were to be flushed, 0 unknown */
    uint64_t monotonic;      /* CLOCK_MONOTONIC, ns (coarse) */
    uint64_t reserved_too;
};
_Static_assert(sizeof(struct record_misuse) % RECORD_UNIT == 0, "entries lie one after the other");

struct record_module {
    uint32_t bytes; /* of this entry, a multiple of RECORD_UNIT; stored last */
    uint32_t build_id_bytes;
    uint64_t start, end;         /* addresses mapped */
    uint64_t bias;               /* address in the process - address in the file */
    uint64_t loaded_epoch;       /* modules_epoch in which it was first seen */
    _Atomic uint64_t gone_epoch; /* first epoch in which it was not there any more; 0: still there */
    uint8_t build_id[32];
    uint32_t path_bytes; /* without a terminating zero, though one follows */
    uint32_t reserved;
    char path[];
};

struct record_thread {
    _Atomic uint32_t bytes; /* stored last */
    int32_t thread;
    char name[16]; /* zero-terminated; as it was at the thread's first acquire, or later */
    /* The calls that may acquire which the thread is in: what those have made is not in the table yet. More
     * than one where a signal's handler makes such a call while another is under way. A call that was left by a
     * jump or a cancellation still counts until the thread's next one that is no deeper on its stack. */
    _Atomic uint32_t acquiring;
    uint32_t reserved;
    uint64_t reserved_too[4]; /* since version 3: a line that no other thread writes */
};
_Static_assert(sizeof(struct record_thread) == 64, "one thread, one cache line");

enum record_detail_flag {
    RECORD_DETAIL_PEER_GONE = 1,   /* nobody has the other end of the pipe or socket any more */
    RECORD_DETAIL_CHILD_RUNS = 2,  /* the child of a popen */
    RECORD_DETAIL_CHILD_ENDED = 4, /* likewise, as child_status tells, and was not waited for */
    RECORD_DETAIL_WITH_STATE = 8   /* all was asked that is here since version 2 */
};

/* What the kernel said of a handle when it was asked (exit pass). Behind the struct, without gaps: the link
 * text (/proc/self/fd/N), the local and the peer socket address as the kernel gives them, and what
 * /proc/self/fdinfo/N says beyond position and flags. */
struct record_detail {
    uint32_t bytes;    /* of this entry, a multiple of RECORD_UNIT; stored last */
    uint32_t mode;     /* st_mode, 0 unknown */
    uint64_t sequence; /* of the slot it belongs to */
    uint64_t device, inode;
    int64_t size;                                         /* st_size */
    uint32_t links;                                       /* st_nlink */
    uint32_t descriptor_flags;                            /* FD_CLOEXEC */
    uint32_t status_flags;                                /* O_RDONLY … */
    uint16_t socket_domain, socket_type, socket_protocol; /* 0 unknown */
    uint8_t tcp_state;                                    /* TCP_ESTABLISHED … , 0 unknown */
    uint8_t reserved;
    uint16_t link_bytes, local_bytes, peer_bytes;
    uint16_t information_bytes; /* of fdinfo */
    /* From here on since version 2; 0: none, or unknown. */
    uint64_t blocks;         /* of 512 bytes that it takes */
    uint64_t unread, unsent; /* bytes; of datagrams the first one's */
    uint32_t waiting;        /* connections that were not accepted yet */
    int32_t peer_pid;        /* of who connected, listened or made the pair */
    uint32_t duplicate_of;   /* 1 + number of a descriptor with the same open file description */
    uint16_t flags;          /* enum record_detail_flag */
    uint16_t child_status;   /* as wait gives it */
    char text[];
};

/* As version 1 had it. */
struct record_detail_1 {
    uint32_t bytes, mode;
    uint64_t sequence, device, inode;
    int64_t size;
    uint32_t links, descriptor_flags, status_flags;
    uint16_t socket_domain, socket_type, socket_protocol;
    uint8_t tcp_state, reserved;
    uint16_t link_bytes, local_bytes, peer_bytes, reserved_too;
    char text[];
};

#endif
