// Reads numbers from files; the exception that a bad file raises jumps over close().
#include <cstdio>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace {

int number_in(int file) {
    std::string text(32, '\0');
    ssize_t length = read(file, text.data(), text.size());
    text.resize(length > 0 ? static_cast<size_t>(length) : 0);
    return std::stoi(text);
}

struct Reader {
    int read_number(const std::string &path) const {
        int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0)
            throw std::runtime_error(path + " cannot be opened");
        int number = number_in(file); // what throws here leaves the file open
        close(file);
        return number;
    }
};

} // namespace

int main() {
    const Reader reader;
    for (const char *path : {"/proc/sys/kernel/pid_max", "/etc/passwd", "/proc/uptime", "/etc/group"}) {
        try {
            std::printf("%s: %d\n", path, reader.read_number(path));
        } catch (const std::exception &) {
            std::printf("%s: no number\n", path);
        }
    }
}
