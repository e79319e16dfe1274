/* render_ndjson.c - a line of JSON per site, schema leftopen.leak/1, and per misuse, leftopen.misuse/1: what a
 * log shipper takes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/basics/json_values.h"
#include "tools/formats/render.h"
#include "tools/formats/render_json.h"

/* Log shippers cut longer lines, or refuse them. */
enum { LONGEST_LINE = 65536 };

static json_t *host(void) {
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    return json_value_text(name);
}

/* When it was found: the end of the process; now, of one that runs or was killed. */
static uint64_t found_at(const struct process *process) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return process->ended_realtime ? process->ended_realtime
                                   : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static size_t process_count(const struct site *site) {
    size_t count = 0;
    for (struct site part = {0}; sites_next_part(site, &part);)
        count++;
    return count;
}

static size_t bytes_of(const json_t *value) { return json_dumpb(value, NULL, 0, JSON_COMPACT); }

/* As many as fit into the line, at least one. */
static json_t *handles(const struct site *site, size_t room) {
    json_t *list = json_array();
    for (size_t i = 0, used = 0; i < site->count; i++) {
        json_t *handle = render_json_handle(&site->findings[i]);
        used += bytes_of(handle) + 1;
        if (i && used > room) {
            json_decref(handle);
            break;
        }
        json_array_append_new(list, handle);
    }
    return list;
}

/* A line with the fields of the process. Where a site is in several, they are those of the first. */
static json_t *new_line(const char *schema, const struct process *process, json_t *host_name) {
    json_t *line = json_object();
    json_object_set_new(line, "schema", json_string(schema));
    json_object_set_new(line, "ts", json_value_instant(found_at(process)));
    json_object_set(line, "host", host_name);
    render_json_process(line, process);
    return line;
}

static void put_site(const struct site *site, json_t *host_name, FILE *out) {
    json_t *line = new_line("leftopen.leak/1", site->findings->process, host_name);
    json_object_set_new(line, "processes", json_integer((json_int_t)process_count(site)));
    render_json_site(line, site);
    if (site->group)
        json_object_set_new(line, "group", json_value_text(site->group));
    size_t used = bytes_of(line) + sizeof ",\"handles\":[]";
    json_object_set_new(line, "handles", handles(site, used < LONGEST_LINE ? LONGEST_LINE - used : 0));
    json_values_write(line, out, "NDJSON");
}

static void put_misuse(const struct misuse_site *site, json_t *host_name, FILE *out) {
    json_t *line = new_line("leftopen.misuse/1", site->process, host_name), *misuse = misuse_json(site);
    json_object_update(line, misuse);
    json_decref(misuse);
    json_values_write(line, out, "NDJSON");
}

void render_ndjson(const struct report *report, FILE *out) {
    json_t *host_name = host();
    for (size_t i = 0; i < report->sites.count; i++)
        put_site(&report->sites.list[i], host_name, out);
    for (size_t i = 0; i < report->misuses.count; i++)
        put_misuse(&report->misuses.list[i], host_name, out);
    json_decref(host_name);
}
