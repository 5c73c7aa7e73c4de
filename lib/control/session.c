/* SPDX-License-Identifier: BSD-3-Clause */
/* The sessions there are; see session.h. What changes them: session_change.c. Control thread. */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_hash.h>
#include <rte_jhash.h>

#include "control.h"
#include "mem.h"
#include "reserve.h"

enum {
	LOOK_SLICE = 4096, /* numbers that lie side by side: 10 ns each */
	END_SLICE = 256,   /* mappings, about 1 us each */
	HASH_MIN = 64,
};

int
cgn_sessions_init(struct cgn_sessions *s, const char *name, uint32_t capacity, int socket)
{
	char full[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {.name = full,
		.entries = capacity > HASH_MIN ? capacity : HASH_MIN,
		.key_len = sizeof(struct cgn_session_key),
		.hash_func = rte_jhash,
		.socket_id = socket,
		/* No id is refused while there are records. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE};

	static_assert(sizeof(struct cgn_session_key) == 4 + CGN_SESSION_ID_LEN, "no holes");
	if (capacity == 0)
		return 0;
	snprintf(full, sizeof(full), "%.12s_sessions", name);
	s->by_id = rte_hash_create(&params);
	s->records = cgn_mem_zalloc(
		"sessions", (size_t)params.entries + 1, sizeof(*s->records), socket);
	if (s->by_id == NULL || s->records == NULL)
		return -ENOMEM;
	s->capacity = capacity;
	s->n_records = params.entries + 1;
	for (uint32_t r = 0; r <= params.entries; r++)
		s->records[r].inside = CGN_NONE;
	return 0;
}

void
cgn_sessions_fini(struct cgn_sessions *s)
{
	rte_hash_free(s->by_id);
	cgn_mem_free(s->records);
	cgn_reserve_destroy((void *)s->owners);
	cgn_reserve_destroy((void *)s->classes);
	memset(s, 0, sizeof(*s));
}

void
cgn_session_class_set(struct cgn_control *c, uint32_t inside, uint8_t number)
{
	c->subscribers[inside].use.class_number = number;
	atomic_store_explicit(&c->sessions.classes[inside], number, memory_order_relaxed);
}

static void
set_owner(struct cgn_control *c, uint32_t inside, uint8_t owner)
{
	atomic_store_explicit(&c->sessions.owners[inside], owner, memory_order_relaxed);
}

static uint8_t
owner_of(const struct cgn_control *c, uint32_t inside)
{
	return atomic_load_explicit(&c->sessions.owners[inside], memory_order_relaxed);
}

bool
cgn_is_served(const struct cgn_control *c, uint32_t inside)
{
	const uint32_t holder = cgn_holder_of(c, inside);

	return (owner_of(c, holder) & CGN_UNSERVED) == 0 &&
		(c->subscribers[holder].use.session != 0 ||
			!cgn_directory_wants_session(c->dp->dir, inside));
}

void
cgn_sessions_start(struct cgn_control *c)
{
	for (uint32_t i = 0; i < c->dp->dir->n_inside; i++)
		if (cgn_directory_wants_session(c->dp->dir, i))
			set_owner(c, i, CGN_UNSERVED);
}

static struct cgn_session_key
key_of(uint32_t tenant, const char *id)
{
	struct cgn_session_key key;

	memset(&key, 0, sizeof(key));
	key.tenant = tenant;
	memcpy(key.id, id, strnlen(id, sizeof(key.id) - 1));
	return key;
}

uint32_t
cgn_session_find(const struct cgn_control *c, uint32_t tenant, const char *id)
{
	struct cgn_session_key key = key_of(tenant, id);
	int32_t at = c->sessions.by_id != NULL ? rte_hash_lookup(c->sessions.by_id, &key) : -ENOENT;

	return at >= 0 ? (uint32_t)at + 1 : 0;
}

const struct cgn_session_key *
cgn_session_key_at(const struct cgn_control *c, uint32_t session)
{
	void *key = NULL;

	rte_hash_get_key_with_position(c->sessions.by_id, (int32_t)session - 1, &key);
	return key;
}

const char *
cgn_session_id(const struct cgn_control *c, uint32_t session)
{
	return session != 0 ? cgn_session_key_at(c, session)->id : "";
}

void
cgn_session_id_copy(const struct cgn_control *c, uint32_t inside, char id[CGN_SESSION_ID_LEN])
{
	uint32_t session = inside != CGN_NONE ? c->subscribers[cgn_holder_of(c, inside)].use.session
					      : 0;

	snprintf(id, CGN_SESSION_ID_LEN, "%s", cgn_session_id(c, session));
}

uint32_t
cgn_session_begin(struct cgn_control *c, uint32_t tenant, uint32_t inside, const char *id,
	uint8_t class_number)
{
	struct cgn_session_key key = key_of(tenant, id);
	struct cgn_sessions *s = &c->sessions;
	struct cgn_use *use = &c->subscribers[inside].use;
	int32_t at;

	if (s->n_used >= s->capacity)
		return 0;
	at = rte_hash_add_key(s->by_id, &key);
	if (at < 0)
		return 0;
	s->records[at + 1] = (struct cgn_session){.inside = inside,
		.addr = cgn_directory_inside_addr(c->dp->dir, inside),
		.began_utc_s = (uint32_t)time(NULL)}; /* the vDSO: no system call */
	s->n_used++;
	s->n_begun++;
	use->session = ((uint32_t)at + 1) & 0xffffff;
	cgn_session_class_set(c, inside, class_number);
	set_owner(c, inside, owner_of(c, inside) & (uint8_t)~CGN_UNSERVED);
	return use->session;
}

/* The record is free, and its id unknown. */
static void
forget(struct cgn_control *c, uint32_t session)
{
	struct cgn_session_key key = *cgn_session_key_at(c, session);

	rte_hash_del_key(c->sessions.by_id, &key);
	c->sessions.records[session] = (struct cgn_session){.inside = CGN_NONE};
	c->sessions.n_used--;
	c->sessions.n_ended++;
}

bool
cgn_session_end(struct cgn_control *c, uint32_t session, uint32_t *budget)
{
	struct cgn_sessions *s = &c->sessions;
	struct cgn_session *record = &s->records[session];

	if (record->is_ending)
		return false;
	/* First of all: after a crash in the middle of it nobody has what is left. */
	cgn_state_session_end(c, session);
	if (cgn_owner_end(c, record->inside, true, budget)) {
		forget(c, session);
		return true;
	}
	record->is_ending = true;
	*(s->last_ending != 0 ? &s->records[s->last_ending].next : &s->first_ending) = session;
	s->last_ending = session;
	return false;
}

uint32_t
cgn_sessions_turn(struct cgn_control *c)
{
	struct cgn_sessions *s = &c->sessions;
	uint32_t session = s->first_ending, budget = END_SLICE;

	if (session == 0)
		return 0;
	if (!cgn_owner_end(c, s->records[session].inside, false, &budget))
		return END_SLICE - budget;
	s->first_ending = s->records[session].next;
	if (s->first_ending == 0)
		s->last_ending = 0;
	forget(c, session);
	return END_SLICE - budget + 1;
}

/* An address that has a session, or had to do with one. False when the slice is not enough. */
static bool
follow(struct cgn_control *c, uint32_t inside, uint32_t *budget)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_use *use = &c->subscribers[inside].use;
	uint8_t owner = owner_of(c, inside);

	if (use->session != 0 && c->sessions.records[use->session].is_ending)
		return true; /* goes on by itself */
	if (!cgn_directory_inside_live(dir, inside)) {
		if (use->session != 0) {
			cgn_state_session_end(c, use->session);
			forget(c, use->session);
		}
		use->session = 0;
		cgn_session_class_set(c, inside, 0);
		set_owner(c, inside, (owner + 1) & (uint8_t)~CGN_UNSERVED);
		return true; /* the sweep ends its mappings */
	}
	if (use->session != 0) {
		uint32_t t = dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant;

		if (use->class_number >= dir->tenants[t].n_classes ||
			dir->tenants[t].classes[use->class_number].name == NULL)
			cgn_session_class_set(c, inside, 0);
		return true;
	}
	if (cgn_directory_wants_session(dir, inside))
		return cgn_owner_end(c, inside, (owner & CGN_UNSERVED) == 0, budget);
	set_owner(c, inside, owner & (uint8_t)~CGN_UNSERVED);
	return true;
}

uint32_t
cgn_sessions_switch(struct cgn_control *c, uint32_t *cursor)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t budget = END_SLICE, n = 0;

	for (; n < LOOK_SLICE && *cursor < dir->n_inside; n++, ++*cursor) {
		if (c->subscribers[*cursor].use.session == 0 && owner_of(c, *cursor) == 0 &&
			!cgn_directory_wants_session(dir, *cursor))
			continue;
		if (!follow(c, *cursor, &budget))
			break;
	}
	return n + END_SLICE - budget;
}
