// The same as shapes.c for what only C++ has: exceptions, destructors, templates, virtual calls, lambdas.
#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using walk_function = void();

static walk_function *walk;
static unsigned calls;

[[gnu::noinline]] static void here() {
    calls++;
    walk();
    asm volatile("");
}

struct walks_at_end {
    ~walks_at_end() { here(); }
};

struct base {
    virtual ~base() = default;
    virtual void go(const std::string &) = 0;
};

template <typename T, int depth> struct derived : base {
    std::vector<T> values;
    void go(const std::string &name) override {
        values.assign(name.begin(), name.end());
        if constexpr (depth > 0) {
            derived<T, depth - 1> inner;
            inner.go(name + "x");
        } else {
            here();
        }
        asm volatile("");
    }
};

[[gnu::noinline]] static void thrower(int level) {
    walks_at_end guard;
    if (level == 0)
        throw std::runtime_error("thrown");
    thrower(level - 1);
}

[[gnu::noinline]] static void catcher() {
    try {
        thrower(5);
    } catch (const std::exception &) {
        here();
    }
}

extern "C" unsigned shapes(walk_function *function) {
    walk = function;
    calls = 0;
    derived<long, 5> object;
    base &reference = object;
    reference.go("name");
    catcher();
    std::vector<int> numbers{3, 1, 2};
    std::sort(numbers.begin(), numbers.end(), [](int a, int b) {
        here();
        return a < b;
    });
    std::function<void(int)> count = [&](int n) {
        if (n)
            count(n - 1);
        else
            here();
        asm volatile("");
    };
    count(4);
    return calls;
}
