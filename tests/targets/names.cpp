/* names.cpp - leaves handles open in functions whose names are hard to write down, and closes one twice. */
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <unistd.h>

#define ALONE __attribute__((noinline))

#define NOTHING open("/dev/null", O_RDONLY)

namespace app {
template <class Key, class Value> struct pool {
    ALONE int operator()(const char *path) const { return open(path, O_RDONLY); }
    ALONE int operator[](int number) { return dup(number); }
    ALONE int operator<<(int) { return NOTHING; }
    ALONE int operator->*(const std::map<Key, Value> *) { return NOTHING; }
    ALONE bool operator==(const pool &) const { return NOTHING >= 0; }
    ALONE explicit operator int() { return NOTHING; }
};

struct keeper {
    ALONE keeper() : stream(fopen("/dev/null", "r")) {}
    FILE *stream;
};
} // namespace app

namespace {
ALONE int nameless() { return NOTHING; }
} // namespace

ALONE static void close_twice(int file) {
    close(file);
    close(file);
}

int main() {
    app::pool<std::string, int> pool;
    int file = pool("/dev/zero");
    if (pool[file] < 0 || (pool << 1) < 0 || (pool->*nullptr) < 0 || !(pool == pool) || int(pool) < 0 ||
        !app::keeper().stream || nameless() < 0)
        return 3;
    std::function<int()> lambda = [] { return NOTHING; };
    if (lambda() < 0)
        return 3;
    close_twice(open("/dev/full", O_RDONLY));
    return 0;
}
