/* families.c - see families.h
 *
 * Every held descriptor of every process is a node. Nodes that are known to be one open file description are
 * joined; pairs of nodes that are two ends of one thing, or one made from the other, are links. */
#include "tools/findings/families.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/basics/memory.h"
#include "tools/findings/holders.h"
#include "tools/formats/render.h"

struct node {
    const struct process *process;
    const struct handle *handle;
    size_t joined; /* index of another node of the same description, or its own */
};

struct link {
    size_t from, to;
    enum relation_way way;
};

/* What joins nodes, or links them. */
struct key {
    unsigned char record[16]; /* zero: what the kernel says is meant */
    uint64_t one, other;
    size_t node;
};

struct families {
    struct node *nodes;
    size_t count;
    size_t *members; /* nodes by what they are joined to */
    struct link *links;
    size_t link_count;
    struct key *keys;
    size_t key_count;
};

/* --- nodes ------------------------------------------------------------------------------------------------ */

/* A descriptor inside a stream is told with the stream. */
static bool is_node(const struct handle *handle) {
    if (handle->number < 0 || handle->outcome == RECORD_OUTCOME_GONE)
        return false;
    bool is_inside = !handle->is_address && handle->object;
    return (handle->state == RECORD_STATE_LIVE || handle->state == RECORD_STATE_INHERITED ||
            handle->state == RECORD_STATE_RELEASING) &&
           !is_inside;
}

static int compare_nodes(const void *left, const void *right) {
    const struct node *one = left, *other = right;
    if (one->process != other->process)
        return one->process < other->process ? -1 : 1;
    return handle_compare_numbers(one->handle, other->handle);
}

static void add_nodes(struct families *families, struct process *const *processes, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < processes[i]->handle_count; k++) {
            const struct handle *handle = &processes[i]->handles[k];
            if (!is_node(handle))
                continue;
            families->nodes = memory_grow(families->nodes, families->count, sizeof *families->nodes);
            families->nodes[families->count++] = (struct node){processes[i], handle, 0};
        }
    if (families->count)
        qsort(families->nodes, families->count, sizeof *families->nodes, compare_nodes);
    for (size_t i = 0; i < families->count; i++)
        families->nodes[i].joined = i;
}

/* Index of the node, or `count`. */
static size_t find_node(const struct families *families, const struct process *process, int number) {
    struct handle wanted = {.number = number};
    struct node key = {.process = process, .handle = &wanted};
    const struct node *found =
        families->count ? bsearch(&key, families->nodes, families->count, sizeof key, compare_nodes) : NULL;
    return found ? (size_t)(found - families->nodes) : families->count;
}

static size_t root_of(struct families *families, size_t node) {
    struct node *nodes = families->nodes;
    for (; nodes[node].joined != node; node = nodes[node].joined)
        nodes[node].joined = nodes[nodes[node].joined].joined;
    return node;
}

static void join(struct families *families, size_t one, size_t other) {
    one = root_of(families, one);
    other = root_of(families, other);
    families->nodes[one > other ? one : other].joined = one < other ? one : other;
}

static void link_nodes(struct families *families, size_t from, size_t to, enum relation_way way) {
    families->links = memory_grow(families->links, families->link_count, sizeof *families->links);
    families->links[families->link_count++] = (struct link){from, to, way};
}

/* --- by calls -----------------------------------------------------------------------------------------------
 */

static bool differ(const struct detail *one, const struct detail *other) {
    return one && other && one->inode && other->inode &&
           (one->inode != other->inode || one->device != other->device);
}

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* What it was made from, if that has been held since: else the number is another's by now. */
static void relate_by_call(struct families *families, size_t index) {
    const struct node *node = &families->nodes[index];
    const struct handle *handle = node->handle;
    if (handle->made_from < 0 || handle->made_from == handle->number || !handle->stack)
        return;
    size_t from = find_node(families, node->process, handle->made_from);
    if (from == families->count || families->nodes[from].handle->sequence >= handle->sequence)
        return;
    const char *call = handle->stack->call;
    if (starts(call, "accept"))
        link_nodes(families, index, from, RELATION_LISTENER);
    else if (starts(call, "pipe") || starts(call, "socketpair"))
        link_nodes(families, index, from, RELATION_OTHER_END);
    else if ((starts(call, "dup") || starts(call, "fcntl")) &&
             !differ(families->nodes[from].handle->detail, handle->detail))
        join(families, index, from);
}

/* --- by what the kernel says -------------------------------------------------------------------------------
 */

static bool is_pipe(const struct detail *detail) { return starts(detail->link, "pipe:["); }
static bool is_socket(const struct detail *detail) { return starts(detail->link, "socket:["); }

static void add_key(struct families *families, struct key key) {
    families->keys = memory_grow(families->keys, families->key_count, sizeof *families->keys);
    families->keys[families->key_count++] = key;
}

static int compare_keys(const void *left, const void *right) {
    const struct key *one = left, *other = right;
    int difference = memcmp(one->record, other->record, sizeof one->record);
    if (!difference)
        difference = one->one < other->one ? -1 : one->one > other->one;
    return difference ? difference : one->other < other->other ? -1 : one->other > other->other;
}

/* Joins all nodes with equal keys. */
static void join_equal(struct families *families) {
    if (families->key_count)
        qsort(families->keys, families->key_count, sizeof *families->keys, compare_keys);
    for (size_t i = 1; i < families->key_count; i++)
        if (!compare_keys(&families->keys[i - 1], &families->keys[i]))
            join(families, families->keys[i - 1].node, families->keys[i].node);
}

/* A pipe has an open file description for each end, a socket has one. */
static bool kernel_key(const struct node *node, struct key *key) {
    const struct detail *detail = node->handle->detail;
    unsigned access = detail ? detail->status_flags & O_ACCMODE : 0;
    if (!detail || !detail->inode || (!is_socket(detail) && !(is_pipe(detail) && access != O_RDWR)))
        return false;
    key->one = detail->inode;
    key->other = is_pipe(detail) ? 1 + access : 0;
    return true;
}

static bool has_parent(const struct process *process) {
    static const unsigned char none[sizeof process->parent_name];
    return memcmp(process->parent_name, none, sizeof none) != 0;
}

/* What a fork child got is what its parent had under the same number in the order of acquires. */
static void add_keys(struct families *families, size_t index) {
    const struct node *node = &families->nodes[index];
    const struct handle *handle = node->handle;
    bool from_fork = handle->flags & RECORD_SLOT_FROM_FORK;
    struct key key = {.one = handle->sequence, .node = index};
    if (handle->sequence && (from_fork || handle->state != RECORD_STATE_INHERITED)) {
        memcpy(key.record, node->process->name, sizeof key.record);
        add_key(families, key);
    }
    if (handle->sequence && from_fork && has_parent(node->process)) {
        memcpy(key.record, node->process->parent_name, sizeof key.record);
        add_key(families, key);
    }
    memset(key.record, 0, sizeof key.record);
    if (kernel_key(node, &key))
        add_key(families, key);
}

static size_t find_key(const struct families *families, uint64_t one, uint64_t other) {
    struct key wanted = {.one = one, .other = other};
    const struct key *found =
        families->key_count ? bsearch(&wanted, families->keys, families->key_count, sizeof wanted, compare_keys)
                            : NULL;
    return found ? found->node : families->count;
}

static void relate_ends(struct families *families, size_t index) {
    const struct detail *detail = families->nodes[index].handle->detail;
    struct key key;
    size_t end = families->count;
    if (!kernel_key(&families->nodes[index], &key))
        return;
    if (is_pipe(detail) && key.other == 1 + O_WRONLY)
        end = find_key(families, key.one, 1 + O_RDONLY);
    else if (detail->peer_inode)
        end = find_key(families, detail->peer_inode, 0);
    if (end != families->count)
        link_nodes(families, index, end, RELATION_OTHER_END);
}

static void relate_duplicate(struct families *families, size_t index) {
    const struct node *node = &families->nodes[index];
    const struct detail *detail = node->handle->detail;
    if (!detail || !detail->with_state || detail->duplicate_of < 0)
        return;
    size_t other = find_node(families, node->process, detail->duplicate_of);
    if (other != families->count)
        join(families, index, other);
}

/* "tfd: 5 events: 19 data: 5 pos:0 ino:61af sdev:7": an entry stays when its number is another's. */
static void relate_watched(struct families *families, size_t index) {
    const struct node *node = &families->nodes[index];
    const struct detail *detail = node->handle->detail;
    const char *line = detail && detail->with_state ? detail->information : "";
    for (; (line = strstr(line, "tfd:")); line++) {
        int number;
        unsigned long long inode;
        if (sscanf(line, "tfd: %d events: %*x data: %*x pos:%*d ino:%llx", &number, &inode) != 2)
            continue;
        size_t watched = find_node(families, node->process, number);
        const struct detail *other =
            watched == families->count ? NULL : families->nodes[watched].handle->detail;
        if (other && other->inode == inode)
            link_nodes(families, watched, index, RELATION_WATCHER);
    }
}

/* --- answers ------------------------------------------------------------------------------------------------
 */

static int compare_members(const void *left, const void *right, void *context) {
    struct families *families = context;
    size_t one = *(const size_t *)left, other = *(const size_t *)right;
    size_t first = families->nodes[one].joined, second = families->nodes[other].joined;
    if (first != second)
        return first < second ? -1 : 1;
    return one < other ? -1 : one > other;
}

static int compare_links(const void *left, const void *right) {
    const struct link *one = left, *other = right;
    if (one->from != other->from)
        return one->from < other->from ? -1 : 1;
    if (one->way != other->way)
        return one->way < other->way ? -1 : 1;
    return one->to < other->to ? -1 : one->to > other->to;
}

/* From now on links are between what nodes are joined to, those between ends in both directions. */
static void settle(struct families *families) {
    size_t count = families->link_count;
    families->members = memory_new(families->count, sizeof *families->members);
    for (size_t i = 0; i < families->count; i++) {
        families->nodes[i].joined = root_of(families, i);
        families->members[i] = i;
    }
    for (size_t i = 0; i < count; i++) {
        struct link link = families->links[i];
        link.from = families->nodes[link.from].joined;
        link.to = families->nodes[link.to].joined;
        families->links[i] = link;
        if (link.way == RELATION_OTHER_END)
            link_nodes(families, link.to, link.from, link.way);
    }
    if (families->count)
        qsort_r(families->members, families->count, sizeof *families->members, compare_members, families);
    if (families->link_count)
        qsort(families->links, families->link_count, sizeof *families->links, compare_links);
}

/* Two records of one process, such as snapshots, are not two processes. */
static bool is_same_process(const struct process *one, const struct process *other) {
    return one == other || memcmp(one->name, other->name, sizeof one->name) == 0;
}

/* The kernel's numbers are used again after a start. */
static bool lived_at_once(const struct process *one, const struct process *other) {
    return (!one->ended_realtime || one->ended_realtime >= other->started_realtime) &&
           (!other->ended_realtime || other->ended_realtime >= one->started_realtime);
}

/* True if it is one: whoever lived at another time, or is the finding's own handle, is none. */
static bool add_relation(struct finding *finding, const struct node *other, enum relation_way way) {
    bool is_own = other->process == finding->process;
    if (other->handle == finding->handle || (!is_own && (is_same_process(other->process, finding->process) ||
                                                         !lived_at_once(other->process, finding->process))))
        return false;
    relations_add(
        &finding->relations,
        (struct relation){.way = way,
                          .pid = is_own ? 0 : other->process->pid,
                          .number = other->handle->number,
                          .program =
                              is_own ? NULL : memory_copy(symbols_base_name(render_program(other->process)))});
    return true;
}

/* Where the members of this root, or of a later one, begin. */
static size_t first_member(const struct families *families, size_t root) {
    size_t first = 0, behind = families->count;
    while (first < behind) {
        size_t middle = (first + behind) / 2;
        if (families->nodes[families->members[middle]].joined < root)
            first = middle + 1;
        else
            behind = middle;
    }
    return first;
}

/* Some are looked at. Where these are relatives, the rest is counted. */
static void add_members(const struct families *families, struct finding *finding, size_t root,
                        enum relation_way way) {
    enum { MOST_FOUND = 64, MOST_LOOKED_AT = 4096 };
    size_t first = first_member(families, root), count = first_member(families, root + 1) - first;
    size_t looked = 0, found = 0, itself = 0;
    for (; looked < count && looked < MOST_LOOKED_AT && found < MOST_FOUND; looked++) {
        const struct node *node = &families->nodes[families->members[first + looked]];
        found += add_relation(finding, node, way);
        itself += node->handle == finding->handle;
    }
    if (found == MOST_FOUND)
        finding->relations.count_of[way] += count - looked - (way == RELATION_DUPLICATE && !itself);
}

static size_t first_link(const struct families *families, size_t root) {
    size_t first = 0, behind = families->link_count;
    while (first < behind) {
        size_t middle = (first + behind) / 2;
        if (families->links[middle].from < root)
            first = middle + 1;
        else
            behind = middle;
    }
    return first;
}

/* A listener has many duplicates in its workers: the one of this process is meant. */
static void add_linked(struct families *families, struct finding *finding, const struct link *link) {
    size_t own = find_node(families, finding->process, finding->handle->made_from);
    if (link->way == RELATION_LISTENER && own != families->count && families->nodes[own].joined == link->to)
        add_relation(finding, &families->nodes[own], link->way);
    else
        add_members(families, finding, link->to, link->way);
}

static void take_relatives(struct families *families, struct finding *finding) {
    size_t index = find_node(families, finding->process, finding->handle->number);
    if (index == families->count || families->nodes[index].handle != finding->handle)
        return;
    size_t root = families->nodes[index].joined;
    add_members(families, finding, root, RELATION_DUPLICATE);
    for (size_t i = first_link(families, root); i < families->link_count && families->links[i].from == root;
         i++)
        if (i == first_link(families, root) || compare_links(&families->links[i - 1], &families->links[i]))
            add_linked(families, finding, &families->links[i]);
}

/* Who is at the other end of a local socket, if only his number is known; that may be the process itself. */
static void tell_peer(struct finding *finding) {
    const struct detail *detail = finding->handle->detail;
    bool is_told =
        !detail || finding->relations.count_of[RELATION_OTHER_END] || detail->flags & RECORD_DETAIL_PEER_GONE;
    if (is_told || detail->peer_pid <= 0 || detail->peer_pid == finding->process->pid)
        return;
    char *words = memory_format("peer pid %d", detail->peer_pid);
    state_add(&finding->state, words);
    free(words);
}

static bool is_writer(const struct finding *finding) {
    const struct detail *detail = finding->handle->detail;
    return detail && is_pipe(detail) && (detail->status_flags & O_ACCMODE) == O_WRONLY;
}

void families_find(struct process *const *processes, size_t count, struct findings *findings) {
    struct families families = {0};
    if (!findings->count)
        return;
    add_nodes(&families, processes, count);
    for (size_t i = 0; i < families.count; i++)
        add_keys(&families, i);
    join_equal(&families);
    for (size_t i = 0; i < families.count; i++) {
        relate_by_call(&families, i);
        relate_duplicate(&families, i);
        relate_ends(&families, i);
        relate_watched(&families, i);
    }
    settle(&families);
    for (size_t i = 0; i < findings->count; i++)
        take_relatives(&families, &findings->list[i]);
    holders_find(findings);
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = &findings->list[i];
        tell_peer(finding);
        relations_tell(&finding->relations, is_writer(finding), &finding->state);
    }
    free(families.keys);
    free(families.links);
    free(families.members);
    free(families.nodes);
}
