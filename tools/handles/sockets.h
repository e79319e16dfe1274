/* sockets.h - what the kernel says of the sockets of a living process's network, asked from outside. */
#ifndef TOOLS_SOCKETS_H
#define TOOLS_SOCKETS_H

#include "tools/records/model.h"

struct sockets;

/* All sockets of the network that the process `pid` is in, as far as one may ask: maybe none. */
struct sockets *sockets_read(int pid);

/* Adds what is known of the socket that `detail->link` names: addresses, state, queues, its other end. */
void sockets_describe(const struct sockets *sockets, struct detail *detail);

void sockets_end(struct sockets *sockets);

#endif
