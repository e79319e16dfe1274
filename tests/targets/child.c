/* Description: forgets a child of popen, and prints the pid that it tells. */
#include <stdio.h>

int main(void) {
    char line[32];
    FILE *child = popen("echo $$; cat >/dev/null", "r");
    if (!child || !fgets(line, sizeof line, child))
        return 1;
    fputs(line, stdout);
    return 0;
}
