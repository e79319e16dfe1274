/* show.c - see show.h. */
#include "tools/commands/show.h"

#include <string.h>
#include <unistd.h>

#include "tools/basics/fail.h"

/* A stream that is open already, NULL where a file is to be opened, or nothing wanted. */
static FILE *open_stream(const struct settings *settings, FILE *standard) {
    if (!settings->given[SETTING_report])
        return standard;
    return strcmp(settings->value[SETTING_report], "stderr") == 0 ? stderr : NULL;
}

static int write_file(const struct report_text *text, const struct settings *settings) {
    bool quiet = false;
    FILE *file = report_open(settings, text->first, text->program, &quiet);
    if (!file)
        return quiet ? 0 : EXIT_OWN_FAILURE;
    int status = report_write(text, file);
    fclose(file);
    return status;
}

int show_text(const struct report_text *text, const struct settings *settings, FILE *standard) {
    FILE *stream = open_stream(settings, standard);
    return stream ? report_write(text, stream) : write_file(text, settings);
}

int show_report(const struct report_request *request, FILE *standard, void (*before_writing)(void),
                struct report_verdict *verdict) {
    FILE *stream = open_stream(request->settings, standard);
    struct report_text text;
    int status = report_make(request, stream && isatty(fileno(stream)), &text, verdict);
    if (status == 0 && text.size > 0) {
        if (before_writing)
            before_writing();
        status = show_text(&text, request->settings, standard);
    }
    report_text_end(&text);
    return status;
}
