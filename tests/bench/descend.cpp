// descend.cpp - see descend.h: the frames that C++ programs have, of virtual functions, std::function,
// templates, and objects that an exception would destroy.
#include <functional>
#include <memory>
#include <string>

#include "tests/bench/descend.h"

namespace {

struct step {
    virtual ~step() = default;
    virtual void take(unsigned frames, const std::function<void()> &bottom) = 0;
};

void next(unsigned frames, const std::function<void()> &bottom);

template <int size> struct step_of : step {
    __attribute__((noinline)) void take(unsigned frames, const std::function<void()> &bottom) override {
        std::string kept(size, 'x');
        next(frames, bottom);
        asm volatile("" : : "r"(kept.data()) : "memory");
    }
};

__attribute__((noinline)) void by_function(unsigned frames, const std::function<void()> &bottom) {
    std::function<void(unsigned)> further = [&bottom](unsigned left) { next(left, bottom); };
    further(frames);
    asm volatile("" : : : "memory");
}

// Two frames or three, one way or another.
__attribute__((noinline)) void next(unsigned frames, const std::function<void()> &bottom) {
    if (frames < 2) {
        bottom();
    } else if (frames % 3 == 0) {
        by_function(frames - 3, bottom);
    } else {
        std::unique_ptr<step> one(frames % 2 ? static_cast<step *>(new step_of<8>) : new step_of<100>);
        one->take(frames - 2, bottom);
    }
    asm volatile("" : : : "memory");
}

} // namespace

extern "C" void descend(unsigned frames, void (*bottom)(void *), void *argument) {
    next(frames, [=] { bottom(argument); });
}
