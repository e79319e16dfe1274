/* Whether a call may be in a loop: machine code as compilers write it. */
#include "tracker/code.h"

#include <string.h>

#include "tests/unit/world.h"

#if defined(__x86_64__)

/* A function, where its call returns to, and what lies behind it. */
enum { ROOM = 64 };
struct function {
    const char *code;
    int bytes, returns_to;
    bool loops;
};
#define FUNCTION(code, returns_to, loops)                                                                      \
    { code, sizeof code - 1, returns_to, loops }

#define CALL "\xe8\x00\x00\x00\x00"
#define END "\x48\x83\xc4\x18\xc3" /* add $0x18,%rsp; ret */
#define LOOKS_LIKE_A_LOOP "\x74\xf0"

static const struct function functions[] = {
    FUNCTION(CALL END LOOKS_LIKE_A_LOOP, 5, false),
    FUNCTION("\x90\x90\x90" CALL "\xff\xcb\x75\xf4" END, 8, true), /* dec %ebx; jne */
    FUNCTION("\xff\xcb\x74\x07" CALL "\xeb\xf5" END, 9, true),     /* jmp to the question at its head */
    FUNCTION(END "\x90\x90\x90" CALL "\xeb\xf1" LOOKS_LIKE_A_LOOP, 13, false),
    FUNCTION(END "\x90\x90\x90" CALL "\xe9\xee\xff\xff\xff" LOOKS_LIKE_A_LOOP, 13, false),
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

START_TEST(loops_are_told_from_what_lies_behind_a_function) {
    /* proves: what runs once is known, also where it ends by a jump back to the function's only end; loops are
     * met at either end */
    unsigned char memory[ROOM + 512] = {0};
    memcpy(memory + ROOM, functions[_i].code, (size_t)functions[_i].bytes);
    bool may_loop = code_may_loop((uintptr_t)(memory + ROOM + functions[_i].returns_to));
    ck_assert_int_eq(may_loop, functions[_i].loops);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_loop_test(tests, loops_are_told_from_what_lies_behind_a_function, 0, FUNCTIONS);
}

#else

static void add(TCase *tests) { (void)tests; }

#endif

int main(void) { return world_run("tracker/code", add); }
