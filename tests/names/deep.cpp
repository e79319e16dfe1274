// deep.cpp - the same for what C++ has: templates, closures, methods, operators, constructors.
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

static volatile int calls;

namespace net {

struct Address {
    std::string host;
    int port;
};

template <typename T> class Pool {
  public:
    explicit Pool(const T &name) : name(name) {
        files.push_back(open("/dev/null", O_RDONLY)); // opens net::Pool
        calls = calls + 1;
    }
    __attribute__((noinline)) int take(const std::vector<T> &names) const {
        int sum = 0;
        for (const T &each : names)
            sum += one(each);
        return sum;
    }
    template <typename Key, int size> __attribute__((noinline)) int sized(Key key) {
        int file = open("/dev/null", O_RDONLY); // opens net::Pool
        calls = calls + size;
        return file + int(key);
    }

  private:
    int one(const T &each) const {
        FILE *file = std::fopen("/dev/null", "r"); // opens net::Pool
        calls = calls + 1;
        return file ? int(each.size()) : 0;
    }
    T name;
    std::vector<int> files;
};

namespace {
struct Reader {
    virtual ~Reader() = default;
    virtual int operator()(const Address &address) {
        int file = open(address.host.c_str(), O_RDONLY); // opens operator()
        calls = calls + 1;
        return file;
    }
};
} // namespace

} // namespace net

__attribute__((noinline)) static int each(const std::function<int(int)> &function) { return function(3) + calls; }

static __attribute__((noinline)) int thrower() {
    int file = open("/dev/null", O_RDONLY); // opens thrower
    calls = calls + 1;
    if (calls)
        throw std::string("no");
    return file;
}

static __attribute__((noinline)) int catcher() {
    try {
        return thrower();
    } catch (const std::string &) {
        int file = open("/dev/null", O_RDONLY); // opens catcher
        calls = calls + 1;
        return file;
    }
}

int main() {
    net::Pool<std::string> pool("x");
    int sum = pool.take({"a", "b"});
    sum += pool.sized<long, 7>(4);
    std::unique_ptr<net::Reader> reader(new net::Reader);
    sum += (*reader)({"/dev/null", 1});
    sum += each([&](int many) {
        int file = open("/dev/null", O_RDONLY); // opens operator()
        calls = calls + many;
        return file;
    });
    sum += catcher();
    return sum == -1;
}
