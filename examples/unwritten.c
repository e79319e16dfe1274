/* Saves a configuration and forgets fclose: the file stays empty for as long as the program runs. */
#include <stdio.h>
#include <sys/stat.h>

struct configuration {
    const char *name;
    int retries;
};

static void save_configuration(const struct configuration *configuration, const char *path) {
    FILE *file = fopen(path, "w");
    if (!file)
        return;
    fprintf(file, "name = %s\n", configuration->name);
    fprintf(file, "retries = %d\n", configuration->retries);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "/dev/null";
    const struct configuration configuration = {"demo", 3};
    struct stat status;
    save_configuration(&configuration, path);
    if (stat(path, &status) == 0)
        printf("saved to %s, which has %ld bytes\n", path, (long)status.st_size);
}
