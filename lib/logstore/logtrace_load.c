/* SPDX-License-Identifier: BSD-3-Clause */
/* See logtrace_load.h. */
#include "logtrace_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event_text.h"
#include "holding.h"

enum { CHUNK = 2048 }; /* slots that are read at once */

struct load {
	struct cgn_loaded *l;
	const struct cgn_logtrace_question *q;
	int fd;
	uint8_t chunk[CHUNK * CGN_SLOT_LEN];
	uint8_t text[CGN_EVENT_TEXT_MAX]; /* of the event that is being read */
	size_t text_len;
	bool has_text;
	uint64_t bad; /* slots, if others come behind them */
};

/* Room for one more of *n elements. NULL: no memory, or too many. */
static void *
more(void **list, uint32_t *n, uint32_t *room, size_t size)
{
	if (*n == *room) {
		uint32_t want = *room > 0 ? 2 * *room : 16;
		void *bigger = want <= CGN_LOADED_MAX ? realloc(*list, want * size) : NULL;

		if (bigger == NULL)
			return NULL;
		*list = bigger;
		*room = want;
	}
	return (uint8_t *)*list + (*n)++ * size;
}

static int
add_slot(struct cgn_loaded *l, const struct cgn_slot *s)
{
	struct cgn_slot *at = more((void **)&l->slots, &l->n, &l->room, sizeof(*at));

	if (at == NULL)
		return l->n >= CGN_LOADED_MAX ? -EOVERFLOW : -ENOMEM;
	*at = *s;
	return 0;
}

/* Two pieces, one behind the other. */
static int
add_name(struct cgn_loaded *l, const uint8_t bytes[CGN_SLOT_LEN], uint8_t piece)
{
	enum { HEAD = 6 };
	struct cgn_loaded_name *name;
	uint8_t text[CGN_SLOT_TEXT_LEN] = {0};
	uint8_t len = cgn_slot_text(bytes, text);

	if (piece > 0) {
		if (l->n_names > 0 && len <= CGN_NAME_LEN - (CGN_SLOT_TEXT_LEN - HEAD)) {
			name = &l->names[l->n_names - 1];
			memcpy(name->tenant + CGN_SLOT_TEXT_LEN - HEAD, text, len);
			name->tenant[CGN_NAME_LEN - 1] = '\0';
		}
		return 0;
	}
	name = more((void **)&l->names, &l->n_names, &l->names_room, sizeof(*name));
	if (name == NULL)
		return -ENOMEM;
	memset(name, 0, sizeof(*name));
	name->number = (uint16_t)(text[0] | text[1] << 8);
	memcpy(name->tenant, text + HEAD, CGN_SLOT_TEXT_LEN - HEAD);
	return 0;
}

static int
add_text(struct load *load, const uint8_t bytes[CGN_SLOT_LEN], uint8_t flags)
{
	uint8_t text[CGN_SLOT_TEXT_LEN], len = cgn_slot_text(bytes, text);
	struct cgn_event ev, *at;

	if (flags & 1) {
		load->text_len = 0;
		load->has_text = true;
	}
	if (load->text_len + len > sizeof(load->text))
		load->has_text = false;
	if (!load->has_text)
		return 0;
	memcpy(load->text + load->text_len, text, len);
	load->text_len += len;
	if ((flags & 2) == 0)
		return 0;
	load->has_text = false;
	if (!cgn_event_text_decode(load->text, load->text_len, &ev) ||
		ev.id != CGN_EVENT_DETERMINISTIC)
		return 0;
	at = more((void **)&load->l->dets, &load->l->n_dets, &load->l->dets_room, sizeof(*at));
	if (at == NULL)
		return -ENOMEM;
	*at = ev;
	return 0;
}

static bool
is_asked_for(const struct cgn_logtrace_question *q, const struct cgn_slot *s)
{
	const uint8_t kind = cgn_holding_kind(s);

	return kind != 0 && s->outside == q->outside && s->first <= q->port && q->port <= s->last &&
		(kind == CGN_SLOT_BLOCK_LEASED || s->proto == q->proto);
}

/* 1: it can be read, 0: not, or -errno. */
static int
take(struct load *load, const uint8_t bytes[CGN_SLOT_LEN])
{
	struct cgn_loaded *l = load->l;
	struct cgn_slot s;
	int rc = 0;

	if (!cgn_slot_decode(l->header.id, bytes, &s)) {
		load->bad++;
		return 0;
	}
	l->n_damaged += load->bad;
	load->bad = 0;
	if (s.kind == CGN_SLOT_NAME)
		rc = add_name(l, bytes, s.flags);
	else if (s.kind == CGN_SLOT_TEXT)
		rc = add_text(load, bytes, s.flags);
	else if (s.kind == CGN_SLOT_DAMAGED)
		l->n_damaged += cgn_slot_mark_a(&s);
	else if (cgn_slot_has_outside(&s) ? is_asked_for(load->q, &s)
					  : s.kind >= CGN_SLOT_START && s.kind <= CGN_SLOT_SYNCED)
		rc = add_slot(l, &s);
	if (s.kind < CGN_SLOT_NAME && !(s.flags & CGN_SLOT_SNAPSHOT) &&
		cgn_slot_utc(&s, l->header.base_utc) > l->last_utc)
		l->last_utc = cgn_slot_utc(&s, l->header.base_utc);
	return rc < 0 ? rc : 1;
}

/* Slots from first to before end. */
static int
read_range(struct load *load, uint32_t first, uint32_t end)
{
	while (first < end) {
		uint32_t n = end - first < CHUNK ? end - first : CHUNK;
		int rc = cgn_segment_read(load->fd, load->chunk, (size_t)n * CGN_SLOT_LEN,
			CGN_SEGMENT_HEADER_LEN + (uint64_t)first * CGN_SLOT_LEN);

		for (uint32_t i = 0; rc >= 0 && i < n; i++)
			rc = take(load, load->chunk + (size_t)i * CGN_SLOT_LEN);
		if (rc < 0)
			return rc;
		first += n;
	}
	return 0;
}

/* 0, -EBADMSG: damaged, or -errno. */
static int
read_one(struct load *load, uint32_t at, struct cgn_slot *s)
{
	uint8_t bytes[CGN_SLOT_LEN];
	int rc = cgn_segment_read(load->fd, bytes, sizeof(bytes),
		CGN_SEGMENT_HEADER_LEN + (uint64_t)at * CGN_SLOT_LEN);

	if (rc == 0 && !cgn_slot_decode(load->l->header.id, bytes, s))
		rc = -EBADMSG;
	return rc;
}

/* The first slot of the address with that first port or a higher one. */
static int
find(struct load *load, uint32_t port, uint32_t *at)
{
	uint32_t low = load->l->header.n_marks, high = load->l->header.n_slots;
	struct cgn_slot s;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int rc = read_one(load, middle, &s);

		if (rc < 0)
			return rc;
		if (s.outside < load->q->outside ||
			(s.outside == load->q->outside && s.first < port))
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return 0;
}

/* The ports that can be in a block that begins max_ports - 1 before. */
static int
read_sorted(struct load *load)
{
	const struct cgn_segment_header *h = &load->l->header;
	const uint32_t port = load->q->port;
	uint32_t first, end;
	int rc = find(load, port >= h->max_ports ? port - h->max_ports + 1 : 0, &first);

	if (rc == 0)
		rc = find(load, port + 1, &end);
	if (rc == 0)
		rc = read_range(load, 0, h->n_marks);
	if (rc == 0)
		rc = read_range(load, first, end);
	if (rc == 0)
		load->l->n_damaged += load->bad;
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const struct cgn_slot *x = a, *y = b;
	const uint32_t i = cgn_slot_order(x), k = cgn_slot_order(y);
	const bool is_mark_x = !(x->flags & CGN_SLOT_SNAPSHOT);

	if (i != k)
		return i < k ? -1 : 1;
	return is_mark_x - !(y->flags & CGN_SLOT_SNAPSHOT);
}

static void
clear(struct cgn_loaded *l)
{
	l->n = l->n_names = l->n_dets = 0;
	l->n_damaged = 0;
	l->last_utc = l->header.last_utc > l->header.base_utc ? l->header.last_utc
							      : l->header.base_utc;
}

static int
read_open(struct load *load)
{
	struct cgn_loaded *l = load->l;
	int rc = -EBADMSG;

	clear(l);
	if (l->header.flags & CGN_SEGMENT_SORTED)
		rc = read_sorted(load);
	if (rc == -EBADMSG) { /* not sorted, or a slot on the way is damaged: from end to end */
		clear(l);
		load->bad = 0;
		rc = read_range(load, 0, l->header.n_slots);
		if (l->header.flags & CGN_SEGMENT_SORTED)
			l->n_damaged += load->bad; /* else it is being written there */
	}
	if (rc == 0 && l->n > 0)
		qsort(l->slots, l->n, sizeof(*l->slots), compare);
	return rc;
}

int
cgn_loaded_read(struct cgn_loaded *l, int dir_fd, const struct cgn_segment *segment,
	const struct cgn_logtrace_question *q)
{
	struct load *load = calloc(1, sizeof(*load));
	int rc;

	if (load == NULL)
		return -ENOMEM;
	load->l = l;
	load->q = q;
	load->fd = rc = cgn_segment_open(dir_fd, segment, &l->header);
	if (rc >= 0) {
		rc = read_open(load);
		close(load->fd);
	}
	free(load);
	return rc;
}

void
cgn_loaded_free(struct cgn_loaded *l)
{
	free(l->slots);
	free(l->names);
	free(l->dets);
	memset(l, 0, sizeof(*l));
}

const char *
cgn_loaded_tenant(const struct cgn_loaded *l, uint16_t number)
{
	for (uint32_t i = l->n_names; i > 0; i--)
		if (l->names[i - 1].number == number)
			return l->names[i - 1].tenant;
	return "";
}
