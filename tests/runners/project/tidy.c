/* A test that closes what it opens. With an argument: its status. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    FILE *file = fopen("/etc/passwd", "r");
    return !file || fclose(file) != 0 ? 1 : argc > 1 ? atoi(argv[1]) : 0;
}
