/* top_pages.h - what is on the screen: processes and sites, the stack of one site, the keys; and what keys do.
 */
#ifndef TOOLS_TOP_PAGES_H
#define TOOLS_TOP_PAGES_H

#include "tools/top/top_watch.h"

struct top_pages;

/* `view` says how it begins; it is copied, its filter too. `delay` are the seconds between samples. */
struct top_pages *top_pages_begin(struct top_watch *watch, struct top_model *model, const struct top_view *view,
                                  double delay);
void top_pages_end(struct top_pages *pages);

/* Draws everything anew. */
void top_pages_draw(struct top_pages *pages);

/* Does what the key means. False: the user wants to leave. */
bool top_pages_key(struct top_pages *pages, int key);

/* True while the user holds the figures still. */
bool top_pages_are_held(const struct top_pages *pages);

/* What is to be said below the title until something else is; "" nothing. */
void top_pages_say(struct top_pages *pages, const char *message);

#endif
