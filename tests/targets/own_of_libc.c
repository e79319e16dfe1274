/* Description: makes libc open descriptors of its own, which nobody is to close, and prints how many it keeps.
 * With an argument, forgets a file as well. */
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <resolv.h>
#include <stdio.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>
#include <utmp.h>

enum { LOOKED_AT = 256 };

static int count_open(void) {
    int count = 0;
    for (int fd = STDERR_FILENO + 1; fd < LOOKED_AT; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void resolve(void) {
    struct addrinfo *found = NULL;
    struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo("127.0.0.1", "80", &wanted, &found) == 0)
        freeaddrinfo(found);
    if (getaddrinfo("localhost", NULL, NULL, &found) == 0)
        freeaddrinfo(found);
    res_init();
}

int main(int argc, char **argv) {
    if (argc > 1)
        open("/dev/null", O_RDONLY); /* what is open before this counts as inherited */
    openlog("own_of_libc", LOG_NDELAY, LOG_USER);
    syslog(LOG_DEBUG, "nothing to say");
    setpwent();
    getpwent();
    setgrent();
    getgrent();
    utmpname("utmp");
    setutent();
    getutent();
    setprotoent(1);
    getprotoent();
    setservent(1);
    getservent();
    sethostent(1);
    resolve();
    printf("%d\n", count_open());
    return 0;
}
