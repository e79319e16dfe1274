/* render_json.h - parts of the JSON report that other formats have too. */
#ifndef TOOLS_RENDER_JSON_H
#define TOOLS_RENDER_JSON_H

#include <jansson.h>

#include "tools/findings/sites.h"

/* The members of an element of "processes", into `object`. */
void render_json_process(json_t *object, const struct process *process);

/* The members of an element of "sites" without "handles", into `object`. */
void render_json_site(json_t *object, const struct site *site);

/* Those that tell its past: peak, lifetimes, why it is a suspect. They stand behind "handles". */
void render_json_past(json_t *object, const struct site *site);

/* The list of "frames". A new reference. */
json_t *render_json_frames(const struct trace *trace);

/* An element of "handles". A new reference. */
json_t *render_json_handle(const struct finding *finding);

#endif
