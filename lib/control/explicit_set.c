/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PORT_SET (RFC 7753): a run of inside ports mapped to a run of outside ports, as one unit. Each
 * port is a mapping with a record of its own; the records know the set they belong to.
 */
#include "explicit_rules.h"
#include "port_run.h"

/* Existing units that a request touches: sets, or single ports. */
struct units {
	uint32_t n;
	uint16_t first[CGN_EXPLICIT_MAX_ANSWERS], size[CGN_EXPLICIT_MAX_ANSWERS];
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

	units->n = 0;
	for (uint32_t p = ask->inside_port; p < end && units->n < CGN_EXPLICIT_MAX_ANSWERS; p++) {
		const struct cgn_explicit *e = record_at(c, ask, p, &i);

		if (e == NULL)
			continue;
		if (!cgn_explicit_is_owner(e, ask)) {
			refusal->lifetime_s = cgn_explicit_left(c, e);
			return false;
		}
		units->first[units->n] = e->set_first;
		units->size[units->n++] = e->set_size;
		p = (uint32_t)e->set_first + e->set_size - 1;
	}
	return true;
}

/* Renews or deletes every member of a unit. */
static void
touch_unit(struct cgn_control *c, const struct cgn_explicit_ask *ask, const struct units *units,
	uint32_t u, struct cgn_explicit_answer *answer)
{
	uint16_t first = units->first[u], size = units->size[u];
	struct cgn_explicit_answer member;

	*answer = (struct cgn_explicit_answer){.inside_port = first, .n_ports = size};
	for (uint32_t p = first; p < (uint32_t)first + size; p++) {
		uint32_t i, left;

		if (record_at(c, ask, p, &i) == NULL)
			continue;
		if (ask->lifetime_s == 0) {
			left = cgn_explicit_end(c, i);
			if (left > answer->lifetime_s)
				answer->lifetime_s = left;
			continue;
		}
		cgn_explicit_grant(c, ask, i, false, &member);
		if (p != first)
			continue;
		*answer = member;
		answer->n_ports = size;
	}
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

		if (cgn_explicit_filters_check(c, NULL, ask) != CGN_EXPLICIT_OK ||
			cgn_admit(c, &flow) != CGN_FATE_NONE ||
			cgn_explicit_make(c, &flow, &at, &i) != CGN_FATE_NONE)
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
	}
	return cgn_explicit_ask_one(c, ask, answer); /* one port is better than none (PSET-05) */
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
	for (uint32_t u = 0; u < units.n; u++)
		touch_unit(c, ask, &units, u, &answers[u]);
	*n_answers = units.n;
	return CGN_EXPLICIT_OK;
}
