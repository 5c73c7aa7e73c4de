/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The live set; called by journal.c, at open on the main thread, then on the exporter thread.
 */
#include "journal_live.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "journal_record.h"
#include "rand.h"

enum { MIN_RECORDS = 1024 };

struct key {
	uint32_t words[CGN_JOURNAL_KEY_WORDS];
};

void
cgn_journal_live_init(struct cgn_journal_live *live)
{
	struct cgn_rand rand;

	memset(live, 0, sizeof(*live));
	cgn_rand_init(&rand, 0);
	for (uint32_t i = 0; i <= CGN_JOURNAL_KEY_WORDS; i++)
		live->secret[i] = cgn_rand_u64(&rand);
}

void
cgn_journal_live_fini(struct cgn_journal_live *live)
{
	free(live->records);
	free(live->slots);
	memset(live, 0, sizeof(*live));
}

/* What a record of this type would be found by; type need not be that of r. */
static struct key
key_of(const struct cgn_journal_record *r, uint8_t type)
{
	struct key key = {0};
	uint32_t addr = 0, port = 0;

	if (type == CGN_JOURNAL_SET) {
		addr = r->inside_addr;
		port = r->inside_port;
	} else if (type == CGN_JOURNAL_SESSION) {
		addr = r->inside_addr;
	} else if (type != CGN_JOURNAL_EPOCH) {
		addr = r->outside_addr;
		port = r->outside_port;
	}
	memcpy(key.words, r->tenant, strnlen(r->tenant, sizeof(r->tenant)));
	key.words[CGN_JOURNAL_KEY_WORDS - 2] = addr;
	key.words[CGN_JOURNAL_KEY_WORDS - 1] = (uint32_t)type << 24 | port;
	if (type == CGN_JOURNAL_SET || type == CGN_JOURNAL_DEL)
		key.words[CGN_JOURNAL_KEY_WORDS - 1] |= (uint32_t)r->proto << 16;
	return key;
}

/* Multilinear hashing with a secret, since subscribers choose ports: docs/decisions/0005. */
static uint32_t
hash_of(const struct cgn_journal_live *live, const struct key *key)
{
	uint64_t sum = live->secret[CGN_JOURNAL_KEY_WORDS];

	for (uint32_t i = 0; i < CGN_JOURNAL_KEY_WORDS; i++)
		sum += live->secret[i] * key->words[i];
	/* Neighbouring addresses and ports give sums at even distances, which would pile up where
	 * slots are probed in a row. The last steps spread them; they are one to one. */
	sum ^= sum >> 32;
	sum *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(sum >> 32);
}

/* The slot of the key or, when it is not there, the empty one where it would go. n_slots > 0. */
static uint32_t
slot_of(const struct cgn_journal_live *live, const struct key *key, uint32_t hash)
{
	uint32_t mask = live->n_slots - 1, s = hash & mask;

	for (; live->slots[s].index != 0; s = (s + 1) & mask) {
		const struct cgn_journal_record *r;
		struct key other;

		if (live->slots[s].hash != hash)
			continue;
		r = &live->records[live->slots[s].index - 1];
		other = key_of(r, r->type);
		if (memcmp(&other, key, sizeof(other)) == 0)
			break;
	}
	return s;
}

/* The slot of record i, which is there. */
static uint32_t
slot_of_index(const struct cgn_journal_live *live, uint32_t i)
{
	const struct cgn_journal_record *r = &live->records[i];
	struct key key = key_of(r, r->type);

	return slot_of(live, &key, hash_of(live, &key));
}

/* Index of the record of this type that belongs to r, or CGN_NONE. */
static uint32_t
find(const struct cgn_journal_live *live, const struct cgn_journal_record *r, uint8_t type)
{
	struct key key = key_of(r, type);
	uint32_t s;

	if (live->n_slots == 0)
		return CGN_NONE;
	s = slot_of(live, &key, hash_of(live, &key));
	return live->slots[s].index != 0 ? live->slots[s].index - 1 : CGN_NONE;
}

static void
count(struct cgn_journal_live *live, const struct cgn_journal_record *r, int by)
{
	live->bytes += (uint64_t)((int64_t)by * cgn_journal_record_size(r));
	live->n_sets += r->type == CGN_JOURNAL_SET ? (uint32_t)by : 0;
	live->n_rests += r->type == CGN_JOURNAL_DEL ? (uint32_t)by : 0;
	live->n_leases += r->type == CGN_JOURNAL_LEASE ? (uint32_t)by : 0;
	live->n_sessions += r->type == CGN_JOURNAL_SESSION ? (uint32_t)by : 0;
}

/* Empties slot s and moves up what a search would no longer reach across the gap. */
static void
close_gap(struct cgn_journal_live *live, uint32_t s)
{
	uint32_t mask = live->n_slots - 1;

	for (uint32_t next = (s + 1) & mask; live->slots[next].index != 0;
		next = (next + 1) & mask) {
		uint32_t home = live->slots[next].hash & mask;

		if (((next - home) & mask) < ((next - s) & mask))
			continue;
		live->slots[s] = live->slots[next];
		s = next;
	}
	live->slots[s].index = 0;
}

/* The last record takes the place of record i. */
static void
take_out(struct cgn_journal_live *live, uint32_t i)
{
	uint32_t last = live->n_records - 1;

	count(live, &live->records[i], -1);
	close_gap(live, slot_of_index(live, i));
	if (i != last) {
		live->slots[slot_of_index(live, last)].index = i + 1;
		live->records[i] = live->records[last];
	}
	live->n_records = last;
}

/* Adds r or replaces the record with its key. There is room. */
static void
put(struct cgn_journal_live *live, const struct cgn_journal_record *r)
{
	struct key key = key_of(r, r->type);
	uint32_t hash = hash_of(live, &key), s = slot_of(live, &key, hash);

	if (live->slots[s].index == 0)
		live->slots[s] = (struct cgn_journal_slot){hash, ++live->n_records};
	else
		count(live, &live->records[live->slots[s].index - 1], -1);
	live->records[live->slots[s].index - 1] = *r;
	count(live, r, 1);
}

void
cgn_journal_live_sweep(struct cgn_journal_live *live, uint64_t now_utc_s)
{
	/* Backwards: the record that take_out moves has been looked at. */
	for (uint32_t i = live->n_records; i-- > 0;) {
		const struct cgn_journal_record *r = &live->records[i];

		if (r->type == CGN_JOURNAL_DEL && r->ends_utc_s <= now_utc_s)
			take_out(live, i);
	}
}

static int
grow(struct cgn_journal_live *live)
{
	uint32_t n = live->n_records_alloc != 0 ? 2 * live->n_records_alloc : MIN_RECORDS;
	struct cgn_journal_record *records;
	struct cgn_journal_slot *slots;

	if (n > UINT32_MAX / 4)
		return -ENOMEM;
	records = realloc(live->records, n * sizeof(*records));
	if (records == NULL)
		return -ENOMEM;
	live->records = records;
	slots = calloc(2 * (size_t)n, sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	for (uint32_t s = 0; s < live->n_slots; s++) {
		uint32_t to = live->slots[s].hash & (2 * n - 1);

		if (live->slots[s].index == 0)
			continue;
		while (slots[to].index != 0)
			to = (to + 1) & (2 * n - 1);
		slots[to] = live->slots[s];
	}
	free(live->slots);
	live->slots = slots;
	live->n_slots = 2 * n;
	live->n_records_alloc = n;
	return 0;
}

/* Room for one more. Grows also when little was swept, or each new record would sweep again. */
static int
reserve(struct cgn_journal_live *live, uint64_t now_utc_s)
{
	if (live->n_records < live->n_records_alloc)
		return 0;
	cgn_journal_live_sweep(live, now_utc_s);
	if (live->n_records_alloc > 0 &&
		live->n_records <= live->n_records_alloc - live->n_records_alloc / 8)
		return 0;
	if (grow(live) < 0)
		return live->n_records < live->n_records_alloc ? 0 : -ENOMEM;
	return 0;
}

/* Mappings of the time before it no longer count; blocks and ports that rest do. */
static void
drop_tenant_sets(struct cgn_journal_live *live, const struct cgn_journal_record *epoch)
{
	bool is_anew = (epoch->flags & CGN_JOURNAL_ANEW) != 0;

	for (uint32_t i = live->n_records; i-- > 0;) {
		const struct cgn_journal_record *r = &live->records[i];

		if ((r->type == CGN_JOURNAL_SET || (is_anew && r->type == CGN_JOURNAL_SESSION)) &&
			strncmp(r->tenant, epoch->tenant, sizeof(r->tenant)) == 0)
			take_out(live, i);
	}
}

static int
apply_epoch(struct cgn_journal_live *live, const struct cgn_journal_record *r, uint64_t now_utc_s)
{
	int rc = reserve(live, now_utc_s);

	if (rc < 0 && find(live, r, CGN_JOURNAL_EPOCH) == CGN_NONE)
		return rc;
	drop_tenant_sets(live, r);
	put(live, r);
	return 0;
}

/* The mapping that r, a DEL, ends. One that has moved to another outside end since is not it. */
static uint32_t
find_ended(const struct cgn_journal_live *live, const struct cgn_journal_record *r)
{
	uint32_t i = find(live, r, CGN_JOURNAL_SET);
	const struct cgn_journal_record *set;

	if (i == CGN_NONE)
		return CGN_NONE;
	set = &live->records[i];
	return set->outside_addr == r->outside_addr && set->outside_port == r->outside_port
		? i
		: CGN_NONE;
}

static uint32_t
size_at(const struct cgn_journal_live *live, uint32_t i)
{
	return i == CGN_NONE ? 0 : cgn_journal_record_size(&live->records[i]);
}

/* A LEASE or SESSION: what was asked for comes before them. */
static int
apply_lesser(struct cgn_journal_live *live, const struct cgn_journal_record *r, uint64_t now_utc_s,
	uint64_t max_bytes)
{
	int rc = reserve(live, now_utc_s);
	uint32_t i = find(live, r, r->type);
	uint32_t size = cgn_journal_record_size(r), freed = size_at(live, i);

	if (i == CGN_NONE && rc < 0)
		return rc;
	if (size > freed && live->bytes - freed + size > max_bytes - max_bytes / 4)
		return -ENOSPC;
	put(live, r);
	return 0;
}

/* The end of a record of this type. */
static void
apply_end(struct cgn_journal_live *live, const struct cgn_journal_record *r, uint8_t type)
{
	uint32_t i = find(live, r, type);

	if (i != CGN_NONE)
		take_out(live, i);
}

int
cgn_journal_live_apply(struct cgn_journal_live *live, const struct cgn_journal_record *r,
	uint64_t now_utc_s, uint64_t max_bytes)
{
	bool is_del = r->type == CGN_JOURNAL_DEL, stays = !is_del || r->ends_utc_s > now_utc_s;
	uint32_t mapping, rest, size = cgn_journal_record_size(r), freed;
	int rc;

	if (r->type == CGN_JOURNAL_EPOCH)
		return apply_epoch(live, r, now_utc_s);
	if (r->type == CGN_JOURNAL_LEASE || r->type == CGN_JOURNAL_SESSION)
		return apply_lesser(live, r, now_utc_s, max_bytes);
	if (r->type == CGN_JOURNAL_RETURN || r->type == CGN_JOURNAL_SESSION_END) {
		/* Each stands behind the type that it ends. */
		apply_end(live, r, r->type - 1);
		return 0;
	}
	rc = reserve(live, now_utc_s);
	mapping = is_del ? find_ended(live, r) : find(live, r, CGN_JOURNAL_SET);
	rest = find(live, r, CGN_JOURNAL_DEL);
	if (stays && rc < 0 && mapping == CGN_NONE && rest == CGN_NONE)
		return rc;
	freed = size_at(live, mapping) + size_at(live, rest);
	if (stays && size > freed && live->bytes - freed + size > max_bytes &&
		!(is_del && mapping != CGN_NONE))
		return -ENOSPC;
	/* A SET replaces its mapping in place. Its outside port rests no longer; one that it
	 * gives up rests when a DEL says so. */
	if (is_del && mapping != CGN_NONE) {
		take_out(live, mapping);
		rest = find(live, r, CGN_JOURNAL_DEL);
	}
	if (rest != CGN_NONE)
		take_out(live, rest);
	if (stays)
		put(live, r);
	return 0;
}

const struct cgn_journal_record *
cgn_journal_live_next(const struct cgn_journal_live *live, uint64_t *i)
{
	static const uint8_t order[] = {CGN_JOURNAL_EPOCH, CGN_JOURNAL_SESSION, CGN_JOURNAL_LEASE,
		CGN_JOURNAL_SET, CGN_JOURNAL_DEL};

	while (*i < sizeof(order) * (uint64_t)live->n_records) {
		uint8_t type = order[*i / live->n_records];
		const struct cgn_journal_record *r = &live->records[*i % live->n_records];

		(*i)++;
		if (r->type == type)
			return r;
	}
	return NULL;
}
