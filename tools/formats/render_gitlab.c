/* render_gitlab.c - a Code Quality report, as GitLab shows it in merge requests
 * (artifacts:reports:codequality). */
#include <stdlib.h>

#include "tools/basics/json_values.h"
#include "tools/basics/memory.h"
#include "tools/formats/render.h"
#include "tools/names/sources.h"

static json_t *take_text(char *text) {
    json_t *value = json_value_string(text);
    free(text);
    return value;
}

static json_t *location(struct sources *sources, const struct complaint *complaint) {
    struct source_place place = sources_place(sources, complaint);
    return json_pack("{s:o, s:{s:i}}", "path", json_value_string(place.path), "lines", "begin",
                     (int)place.line);
}

static json_t *violation(struct sources *sources, const struct complaint *complaint) {
    json_t *object = json_object();
    json_object_set_new(object, "description", take_text(complaint_description(complaint)));
    json_object_set_new(object, "check_name",
                        take_text(memory_format("leftopen/%s", complaint_word(complaint))));
    json_object_set_new(object, "fingerprint", take_text(complaint_fingerprint(complaint)));
    json_object_set_new(object, "severity", json_string("major"));
    json_object_set_new(object, "location", location(sources, complaint));
    return object;
}

void render_gitlab(const struct report *report, FILE *out) {
    struct sources sources;
    sources_begin(&sources, report);
    json_t *list = json_array();
    for (size_t i = 0; i < complaints_count(report); i++) {
        struct complaint complaint = complaints_get(report, i);
        json_array_append_new(list, violation(&sources, &complaint));
    }
    json_values_write(list, out, "GitLab");
    sources_end(&sources);
}
