/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PORT_SET (RFC 7753): a run of inside ports mapped to a run of outside ports, as one unit. Each
 * port is a mapping with a record of its own; the records know the set they belong to.
 */
#include <string.h>

#include "explicit_rules.h"
#include "port_run.h"

/*
 * What one request may change or make, in mappings: some 0.6 ms of the control core's turn. A
 * larger set is granted in part (RFC 7753 section 4.2); a request over more existing mappings is
 * refused as a whole, and can be made in parts.
 */
enum { SET_MAX_PORTS = 1024 };

/* Existing units that a request touches, in the order of their ports: sets, or single ports. */
struct units {
	uint32_t n, n_ports; /* n_ports: members of those that may be changed */
	struct unit {
		struct cgn_unit ports;
		bool is_static; /* the operator's: told, not changed */
	} at[SET_MAX_PORTS];
};

/* A bit for each inside port. */
struct port_bits {
	uint64_t words[65536 / 64];
};

static const struct cgn_explicit *
record_at(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t port, uint32_t *i)
{
	*i = cgn_explicit_find(c, ask, (uint16_t)port);
	return *i != CGN_MAPPING_NONE ? cgn_explicit_of(c, cgn_table_at(c->table, *i)) : NULL;
}

static void
mark(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i, struct port_bits *bits)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	uint32_t port = rte_be_to_cpu_16(m->inside_port);

	if (m->inside == ask->inside && cgn_explicit_of(c, m) != NULL && port >= ask->inside_port &&
		port - ask->inside_port < ask->n_ports)
		bits->words[port / 64] |= UINT64_C(1) << (port % 64);
}

/* By the outside ports that the subscriber holds: they lie side by side, 64 in a chunk. */
static void
mark_by_blocks(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct port_bits *bits)
{
	const struct cgn_pool *pool = c->pool;

	for (uint32_t b = cgn_subscriber_of(c, ask->inside)->first_block; b != CGN_NONE;
		b = pool->blocks[b].next) {
		const struct cgn_block *block = &pool->blocks[b];
		uint64_t first = (uint64_t)block->pool * CGN_GRANULES + block->first_granule;

		for (uint32_t slot = 0; slot < block->n_granules * (uint32_t)CGN_GRANULE_PORTS;
			slot++) {
			uint32_t chunk = atomic_load_explicit(
				&pool->granules[first + slot / CGN_GRANULE_PORTS],
				memory_order_relaxed);
			uint32_t i = atomic_load_explicit(
				&pool->chunks[chunk].slots[ask->proto][slot % CGN_GRANULE_PORTS],
				memory_order_relaxed);

			if (i != CGN_MAPPING_NONE && i < CGN_SLOT_SHARED)
				mark(c, ask, i, bits);
		}
	}
}

/* The asked ports that have a record; by the shorter way. A hash look-up costs as much as 16 slots
 * or so. */
static void
mark_explicit(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct port_bits *bits)
{
	const struct cgn_subscriber *sub = cgn_subscriber_of(c, ask->inside);
	const uint32_t block_size = c->dp->dir->tenants[ask->tenant].conf->ports.block_size;

	memset(bits, 0, sizeof(*bits));
	if (sub->use.explicit_mappings == 0)
		return;
	if (ask->n_ports > sub->n_blocks * block_size / 16) {
		mark_by_blocks(c, ask, bits);
		return;
	}
	for (uint32_t k = 0; k < ask->n_ports; k++) {
		uint32_t i = cgn_explicit_find(c, ask, (uint16_t)(ask->inside_port + k));

		if (i != CGN_MAPPING_NONE)
			mark(c, ask, i, bits);
	}
}

/* The first marked port from `from` on, or 65536. */
static uint32_t
next_marked(const struct port_bits *bits, uint32_t from)
{
	for (uint32_t w = from / 64; w < 65536 / 64; w++) {
		uint64_t word = bits->words[w];

		if (w == from / 64)
			word &= UINT64_MAX << (from % 64);
		if (word != 0)
			return w * 64 + (uint32_t)__builtin_ctzll(word);
	}
	return 65536;
}

/* A port that an operator took out of the set may have been mapped anew, by itself. */
static bool
is_member(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct cgn_unit unit,
	uint32_t k, uint32_t *i)
{
	const struct cgn_explicit *e = record_at(c, ask, (uint32_t)unit.first + k, i);

	return e != NULL && e->set_first == unit.first && e->set_size == unit.size;
}

/* May the request have this unit, and is there room for it? */
static enum cgn_explicit_result
add_unit(struct cgn_control *c, const struct cgn_explicit_ask *ask, const struct cgn_explicit *e,
	struct units *units)
{
	bool is_static = e->origin == CGN_EXPLICIT_OPERATOR;

	if (is_static && ask->lifetime_s == 0)
		return CGN_EXPLICIT_STATIC;
	if (!is_static && !cgn_explicit_is_owner(e, ask))
		return CGN_EXPLICIT_NOT_OWNER;
	if (units->n == SET_MAX_PORTS ||
		(!is_static && units->n_ports + e->set_size > SET_MAX_PORTS)) {
		c->why.text = "more mappings in the range than one request may change";
		c->why.limit = SET_MAX_PORTS;
		c->why.used = SET_MAX_PORTS;
		return CGN_EXPLICIT_NO_PORTS;
	}
	units->at[units->n++] = (struct unit){{e->set_first, e->set_size}, is_static};
	units->n_ports += is_static ? 0 : e->set_size;
	return CGN_EXPLICIT_OK;
}

/* The unit is dealt with; a port that was taken out of a set and mapped anew is another unit. */
static void
unmark(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct cgn_unit unit,
	struct port_bits *bits)
{
	uint32_t i;

	for (uint32_t k = 0; k < unit.size; k++) {
		uint32_t port = (uint32_t)unit.first + k;

		if (is_member(c, ask, unit, k, &i))
			bits->words[port / 64] &= ~(UINT64_C(1) << (port % 64));
	}
}

/* RFC 7753 section 4.4.1: a request over what exists is one to each of them. */
static enum cgn_explicit_result
collect(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct units *units,
	struct cgn_explicit_answer *refusal)
{
	enum cgn_explicit_result result = CGN_EXPLICIT_OK;
	struct port_bits bits;

	units->n = units->n_ports = 0;
	mark_explicit(c, ask, &bits);
	for (uint32_t p = next_marked(&bits, 0), i; p < 65536 && result == CGN_EXPLICIT_OK;
		p = next_marked(&bits, p)) {
		const struct cgn_explicit *e = record_at(c, ask, p, &i);

		result = add_unit(c, ask, e, units);
		if (result == CGN_EXPLICIT_NOT_OWNER)
			refusal->lifetime_s = cgn_explicit_left(c, e);
		unmark(c, ask, (struct cgn_unit){e->set_first, e->set_size}, &bits);
	}
	return result;
}

enum cgn_explicit_result
cgn_unit_filters_check(struct cgn_control *c, const struct cgn_explicit_ask *ask,
	struct cgn_unit unit, uint32_t n_sets)
{
	enum cgn_explicit_result result = CGN_EXPLICIT_OK;
	uint32_t i;

	for (uint32_t k = 0; k < unit.size && result == CGN_EXPLICIT_OK; k++)
		if (is_member(c, ask, unit, k, &i))
			result = cgn_explicit_filters_check(
				c, cgn_table_at(c->table, i), ask, n_sets);
	return result;
}

/* The answer is about the first member; about that alone when it is not the set's first port, since
 * an operator has taken ports out of the set. */
void
cgn_unit_renew(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct cgn_unit unit,
	struct cgn_explicit_answer *answer)
{
	uint32_t n = 0, i;

	*answer = (struct cgn_explicit_answer){.inside_port = unit.first, .n_ports = 1};
	for (uint32_t k = 0; k < unit.size; k++) {
		struct cgn_explicit_answer member;

		if (!is_member(c, ask, unit, k, &i))
			continue;
		cgn_explicit_grant(c, ask, i, false, &member);
		if (n++ == 0) {
			*answer = member;
			answer->n_ports = k == 0 ? unit.size : 1;
		} else if (member.lifetime_s > answer->lifetime_s)
			answer->lifetime_s = member.lifetime_s;
	}
}

/* PCP's own rules hold for what it ends, also where NAT-PMP has made it (AMB-05, AMB-07). */
static void
adopt(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t i)
{
	struct cgn_explicit *e = cgn_explicit_of(c, cgn_table_at(c->table, i));

	if (ask->origin == CGN_EXPLICIT_NATPMP || e->origin != CGN_EXPLICIT_NATPMP)
		return;
	e->origin = CGN_EXPLICIT_PCP_MAP;
	memcpy(e->nonce, ask->nonce, sizeof(e->nonce));
}

void
cgn_unit_end(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct cgn_unit unit,
	struct cgn_explicit_answer *answer)
{
	uint32_t stays_s = 0, left = 0, n = 0, i;

	*answer = (struct cgn_explicit_answer){.inside_port = unit.first, .n_ports = unit.size};
	for (uint32_t k = 0; k < unit.size; k++) {
		if (!is_member(c, ask, unit, k, &i))
			continue;
		adopt(c, ask, i);
		if (n++ == 0)
			cgn_explicit_read(c, i, answer);
		if (cgn_explicit_stays(c, i) > stays_s)
			stays_s = cgn_explicit_stays(c, i);
	}
	for (uint32_t k = 0; k < unit.size; k++) {
		uint32_t member_left;

		if (!is_member(c, ask, unit, k, &i))
			continue;
		member_left = cgn_explicit_end(c, i, stays_s);
		left = member_left > left ? member_left : left;
	}
	answer->n_ports = unit.size;
	answer->lifetime_s = left;
}

/* How many of the asked inside ports, from the first on, no mapping has yet. */
static uint32_t
unmapped(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t most)
{
	uint32_t n = 0;

	while (n < most &&
		cgn_explicit_find(c, ask, (uint16_t)(ask->inside_port + n)) == CGN_MAPPING_NONE)
		n++;
	return n;
}

static void
join_set(struct cgn_control *c, uint32_t i, uint16_t first, uint16_t size)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	struct cgn_explicit *e = cgn_explicit_of(c, m);

	e->set_first = first;
	e->set_size = size;
	cgn_state_set(c, m, e);
}

/* Makes the members one after the other; stops at the first that is refused. Returns how many. */
static uint32_t
make_members(struct cgn_control *c, const struct cgn_explicit_ask *ask, const struct cgn_run *run,
	struct cgn_explicit_answer *answer)
{
	uint32_t n = 0, i;

	for (; n < run->n; n++) {
		struct cgn_flow flow = {.inside = ask->inside,
			.tenant = (uint16_t)ask->tenant,
			.port = rte_cpu_to_be_16((uint16_t)(ask->inside_port + n)),
			.proto = ask->proto};
		struct cgn_port at = {.pool = run->at.pool, .port = (uint16_t)(run->at.port + n)};
		struct cgn_explicit_answer member;

		if (cgn_explicit_filters_check(c, NULL, ask, 1) != CGN_EXPLICIT_OK ||
			cgn_admit(c, &flow) != CGN_FATE_NONE ||
			cgn_explicit_make(c, &flow, &at, ask, &i) != CGN_FATE_NONE)
			break;
		cgn_explicit_grant(c, ask, i, false, &member);
		if (n == 0)
			*answer = member;
	}
	for (uint32_t k = 0; k < n; k++) {
		i = cgn_explicit_find(c, ask, (uint16_t)(ask->inside_port + k));
		join_set(c, i, ask->inside_port, (uint16_t)n);
	}
	answer->n_ports = (uint16_t)n;
	return n;
}

static enum cgn_explicit_result
create_set(struct cgn_control *c, const struct cgn_explicit_ask *ask,
	struct cgn_explicit_answer *answer)
{
	enum cgn_explicit_result result;
	uint32_t room = cgn_explicit_room(c, ask, &result);
	struct cgn_run_want want = {.inside = ask->inside,
		.tenant = ask->tenant,
		.proto = ask->proto,
		.first = ask->suggested_port,
		.parity = ask->parity ? ask->inside_port & 1 : -1};
	struct cgn_run run;

	if (room == 0)
		return result;
	if (room > SET_MAX_PORTS)
		room = SET_MAX_PORTS;
	want.n = unmapped(c, ask, ask->n_ports < room ? ask->n_ports : room);
	if (want.n > 1) {
		if (cgn_pool_owns(c->pool, ask->inside))
			run = (struct cgn_run){
				.at = {.pool = cgn_subscriber_of(c, ask->inside)->pool,
					.port = ask->inside_port},
				.n = want.n};
		else
			run = cgn_pool_find_run(c->pool, &want);
		if (run.n > 1 && make_members(c, ask, &run, answer) > 0)
			return CGN_EXPLICIT_OK;
		cgn_pool_leave_run(c->pool, &run);
	}
	return cgn_explicit_ask_one(c, ask, answer); /* one port is better than none (PSET-05) */
}

/* Before anything changes (PCP-15). */
static enum cgn_explicit_result
check_all(struct cgn_control *c, const struct cgn_explicit_ask *ask, const struct units *units)
{
	enum cgn_explicit_result result = CGN_EXPLICIT_OK;

	if (ask->lifetime_s == 0 || ask->n_filters == 0)
		return result;
	for (uint32_t u = 0; u < units->n && result == CGN_EXPLICIT_OK; u++)
		if (!units->at[u].is_static)
			result = cgn_unit_filters_check(c, ask, units->at[u].ports, units->n_ports);
	return result;
}

static void
apply(struct cgn_control *c, const struct cgn_explicit_ask *ask, const struct unit *unit,
	struct cgn_explicit_answer *answer)
{
	if (unit->is_static)
		cgn_explicit_read(c, cgn_explicit_find(c, ask, unit->ports.first), answer);
	else if (ask->lifetime_s != 0)
		cgn_unit_renew(c, ask, unit->ports, answer);
	else
		cgn_unit_end(c, ask, unit->ports, answer);
}

/*
 * All units are changed; the first CGN_EXPLICIT_MAX_ANSWERS are answered, so that one small request
 * does not make a thousand packets (ADV-24). A client that misses an answer asks for that mapping
 * again.
 */
enum cgn_explicit_result
cgn_explicit_ask_set(struct cgn_control *c, const struct cgn_explicit_ask *ask,
	struct cgn_explicit_answer *answers, uint32_t *n_answers)
{
	enum cgn_explicit_result result;
	struct units units;

	answers[0] = (struct cgn_explicit_answer){.inside_port = ask->inside_port, .n_ports = 1};
	result = collect(c, ask, &units, &answers[0]);
	if (result != CGN_EXPLICIT_OK)
		return result;
	if (units.n == 0 && ask->lifetime_s == 0)
		return CGN_EXPLICIT_OK;
	if (units.n == 0)
		return create_set(c, ask, &answers[0]);
	result = check_all(c, ask, &units);
	if (result != CGN_EXPLICIT_OK)
		return result;
	*n_answers = 0;
	for (uint32_t u = 0; u < units.n; u++) {
		struct cgn_explicit_answer unheard, *answer = &unheard;

		if (*n_answers < CGN_EXPLICIT_MAX_ANSWERS)
			answer = &answers[(*n_answers)++];
		apply(c, ask, &units.at[u], answer);
	}
	return CGN_EXPLICIT_OK;
}
