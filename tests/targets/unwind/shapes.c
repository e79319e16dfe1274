/* Functions whose frames differ, for tests/unit/tracker_unwind.c: built as a library by several compilers with
 * several options. Every shape calls `walk` from within itself; returns how often. */
#include <alloca.h>
#include <immintrin.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#ifdef __clang__
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noinline, noclone))
#endif

typedef void walk_function(void);

static walk_function *walk;
static unsigned calls;
volatile long shapes_sink;

static APART void here(void) {
    calls++;
    walk();
    shapes_sink++;
}

static APART void small(void) {
    here();
    shapes_sink++;
}

static APART long many_registers(long a, long b, long c, long d, long e, long f, long g) {
    long h = a * b + shapes_sink, i = c * d + shapes_sink, j = e * f + shapes_sink, k = g * a + shapes_sink;
    here();
    return a + b + c + d + e + f + g + h + i + j + k;
}

static APART void large_frame(void) {
    volatile char bytes[150000];
    bytes[0] = bytes[149999] = 1;
    here();
    bytes[1] = bytes[0];
}

static APART void realigned(void) {
    volatile _Alignas(64) char bytes[256];
    bytes[0] = 1;
    small();
    bytes[1] = bytes[0];
}

static APART void realigned_large(size_t count) {
    volatile _Alignas(4096) char bytes[4096];
    volatile char *more = alloca(count);
    more[0] = bytes[0] = 1;
    small();
    more[1] = bytes[0];
}

__attribute__((target("avx"))) static APART void vectors(double value) {
    volatile __m256d vector = _mm256_set1_pd(value);
    small();
    shapes_sink += (long)vector[1];
}

static APART void with_alloca(size_t count) {
    char *bytes = alloca(count);
    memset(bytes, 1, count);
    small();
    shapes_sink += bytes[count / 2];
}

static APART void with_array(size_t count) {
    volatile char bytes[count];
    bytes[0] = 1;
    small();
    shapes_sink += bytes[0];
}

/* Saves registers only on the path that needs them. */
static APART long shrink_wrapped(long *values, long count) {
    if (!values)
        return 1;
    long sum = 0;
    for (long i = 0; i < count; i++) {
        sum += values[i];
        if (i == 3)
            here();
    }
    return sum;
}

static APART void by_jump(void) {
    jmp_buf place;
    if (!setjmp(place)) {
        here();
        longjmp(place, 1);
    }
    here();
}

static APART void recursive(unsigned depth) {
    volatile char bytes[40];
    bytes[0] = 1;
    if (depth)
        recursive(depth - 1);
    else
        here();
    shapes_sink += bytes[0];
}

static int compare(const void *a, const void *b) {
    here();
    return *(const int *)a - *(const int *)b;
}

static void *thread(void *argument) {
    recursive(4);
    return argument;
}

static void once(void) { here(); }

static APART void callbacks(void) {
    int numbers[] = {3, 1, 2, 5, 4};
    qsort(numbers, 5, sizeof *numbers, compare);
    shapes_sink += bsearch(&numbers[2], numbers, 5, sizeof *numbers, compare) != NULL;
    pthread_once_t control = PTHREAD_ONCE_INIT;
    pthread_once(&control, once);
    pthread_t other;
    if (pthread_create(&other, NULL, thread, NULL) == 0)
        pthread_join(other, NULL);
}

unsigned shapes(walk_function *function) {
    long values[] = {1, 2, 3, 4, 5, 6};
    walk = function;
    calls = 0;
    small();
    shapes_sink += many_registers(1, 2, 3, 4, 5, 6, 7);
    large_frame();
    realigned();
    realigned_large(1000);
    if (__builtin_cpu_supports("avx"))
        vectors(2);
    with_alloca(3000);
    with_array(5000);
    shapes_sink += shrink_wrapped(values, 6);
    by_jump();
    recursive(20);
    callbacks();
    return calls;
}

/* One frame between the caller and `walk`, for tests that compare by hand. */
void shape_small(walk_function *function) {
    function();
    shapes_sink++;
}
