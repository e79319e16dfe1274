/* A test that passes, and leaves a file and a stream open. */
#include <fcntl.h>
#include <stdio.h>

int main(void) { return open("/etc/hosts", O_RDONLY) < 0 || !fopen("/etc/passwd", "r"); }
