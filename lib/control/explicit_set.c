/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PORT_SET (RFC 7753): a run of inside ports mapped to a run of outside ports, as one unit. Each
 * port is a mapping with a record of its own; the records know the set they belong to.
 */
#include <string.h>

#include "explicit_rules.h"
#include "port_run.h"

/* Existing units that a request touches: sets, or single ports. */
struct units {
	uint32_t n, n_ports;
	struct cgn_unit at[CGN_EXPLICIT_MAX_ANSWERS];
};

static const struct cgn_explicit *
record_at(struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t port, uint32_t *i)
{
	*i = cgn_explicit_find(c, ask, (uint16_t)port);
	return *i != CGN_MAPPING_NONE ? cgn_explicit_of(c, cgn_table_at(c->table, *i)) : NULL;
}

/* Collects the units; false when one of them is not the client's. */
static bool
collect(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct units *units,
	struct cgn_explicit_answer *refusal)
{
	uint32_t end = (uint32_t)ask->inside_port + ask->n_ports, i;

	*units = (struct units){0};
	for (uint32_t p = ask->inside_port; p < end && units->n < CGN_EXPLICIT_MAX_ANSWERS; p++) {
		const struct cgn_explicit *e = record_at(c, ask, p, &i);

		if (e == NULL)
			continue;
		if (!cgn_explicit_is_owner(e, ask)) {
			refusal->lifetime_s = cgn_explicit_left(c, e);
			return false;
		}
		units->at[units->n++] = (struct cgn_unit){e->set_first, e->set_size};
		units->n_ports += e->set_size;
		p = (uint32_t)e->set_first + e->set_size - 1;
	}
	return true;
}

/* A port that an operator took out of the set may have been mapped anew, by itself. */
static bool
is_member(struct cgn_control *c, const struct cgn_explicit_ask *ask, struct cgn_unit unit,
	uint32_t k, uint32_t *i)
{
	const struct cgn_explicit *e = record_at(c, ask, (uint32_t)unit.first + k, i);

	return e != NULL && e->set_first == unit.first && e->set_size == unit.size;
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
	want.n = unmapped(c, ask, ask->n_ports < room ? ask->n_ports : room);
	if (want.n > 1) {
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

	for (uint32_t u = 0; u < units->n && result == CGN_EXPLICIT_OK; u++)
		result = cgn_unit_filters_check(c, ask, units->at[u], units->n_ports);
	return result;
}

enum cgn_explicit_result
cgn_explicit_ask_set(struct cgn_control *c, const struct cgn_explicit_ask *ask,
	struct cgn_explicit_answer *answers, uint32_t *n_answers)
{
	struct units units;

	answers[0] = (struct cgn_explicit_answer){.inside_port = ask->inside_port, .n_ports = 1};
	if (!collect(c, ask, &units, &answers[0]))
		return CGN_EXPLICIT_NOT_OWNER;
	if (units.n == 0 && ask->lifetime_s == 0)
		return CGN_EXPLICIT_OK;
	if (units.n == 0)
		return create_set(c, ask, &answers[0]);
	if (ask->lifetime_s != 0) {
		enum cgn_explicit_result result = check_all(c, ask, &units);

		if (result != CGN_EXPLICIT_OK)
			return result;
	}
	for (uint32_t u = 0; u < units.n; u++)
		if (ask->lifetime_s != 0)
			cgn_unit_renew(c, ask, units.at[u], &answers[u]);
		else
			cgn_unit_end(c, ask, units.at[u], &answers[u]);
	*n_answers = units.n;
	return CGN_EXPLICIT_OK;
}
