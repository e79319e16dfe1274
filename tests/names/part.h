/* part.h - a function that lies in a header, and is no program's own file. */
INLINE int in_header(const char *name) {
    int file = open(name, O_RDONLY); /* opens in_header */
    calls++;
    return file;
}
