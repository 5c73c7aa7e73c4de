/* SPDX-License-Identifier: BSD-3-Clause */
/* The model NAT behind lib/portctl; see model.h. Any thread, one owner. */
#include "model.h"

#include <stddef.h>
#include <string.h>

#include "err.h"

/* Idle time left by a deleted or expired mapping, and the lifetime of one made by PEER alone. */
enum { MODEL_IDLE_S = 300 };

static uint32_t
outside_of(const struct model *m, uint32_t tenant)
{
	if (!m->has_address)
		return 0;
	return tenant == 0 ? MODEL_OUTSIDE : MODEL_OUTSIDE_TENANT_1;
}

static bool
is_explicit(const struct model_entry *e)
{
	return e->kind == MODEL_NATPMP || e->kind == MODEL_PCP_MAP || e->kind == MODEL_PCP_PEER;
}

static uint32_t
left_s(const struct model *m, const struct model_entry *e)
{
	if (e->kind == MODEL_STATIC)
		return UINT32_MAX;
	return e->end_s > m->now_s ? e->end_s - m->now_s : 0;
}

/* Does e cover any of the n ports of that subscriber from inside_port on? */
static bool
covers(const struct model_entry *e, const struct cgn_explicit_ask *ask)
{
	return e->kind != MODEL_FREE && e->kind != MODEL_RESTING && e->tenant == ask->tenant &&
		e->inside == ask->inside && e->proto == ask->proto &&
		(uint32_t)e->inside_port < (uint32_t)ask->inside_port + ask->n_ports &&
		(uint32_t)ask->inside_port < (uint32_t)e->inside_port + e->n_ports;
}

static struct model_entry *
next_covering(struct model *m, const struct cgn_explicit_ask *ask, struct model_entry *after)
{
	struct model_entry *e = after == NULL ? m->entries : after + 1;

	for (; e < m->entries + MODEL_MAX_ENTRIES; e++)
		if (covers(e, ask))
			return e;
	return NULL;
}

/*
 * May the subscriber get the port? A port used in one protocol is kept for the same subscriber in
 * the other (RFC 6886 section 3.3), UDP 5350 and 5351 for nobody (RFC 6887 section 11.3).
 */
static bool
may_use(const struct model *m, const struct cgn_explicit_ask *ask, uint32_t port)
{
	if (port < m->first_port || port > m->last_port)
		return false;
	if (port == CGN_PORT_PMP_CLIENT || port == CGN_PORT_PMP_SERVER)
		return false;
	for (const struct model_entry *e = m->entries; e < m->entries + MODEL_MAX_ENTRIES; e++) {
		bool mine = e->inside == ask->inside;

		if (e->kind == MODEL_FREE || e->tenant != ask->tenant || port < e->port ||
			port >= (uint32_t)e->port + e->n_ports)
			continue;
		if (!mine || (e->proto == ask->proto && e->kind != MODEL_RESTING))
			return false;
	}
	return true;
}

static uint16_t
run_from(const struct model *m, const struct cgn_explicit_ask *ask, uint32_t port)
{
	uint16_t n = 0;

	while (n < ask->n_ports && may_use(m, ask, port + n))
		n++;
	return n;
}

/* The suggestion if it is free, else the longest run. *n is 0 when there is no port at all. */
static uint16_t
choose_port(const struct model *m, const struct cgn_explicit_ask *ask, uint16_t *n)
{
	uint16_t best = 0;

	*n = run_from(m, ask, ask->suggested_port);
	if (*n == ask->n_ports)
		return ask->suggested_port;
	*n = 0;
	for (uint32_t p = m->first_port; p <= m->last_port && *n < ask->n_ports; p++) {
		uint16_t run;

		if (ask->parity && (p ^ ask->inside_port) & 1)
			continue;
		run = run_from(m, ask, p);
		if (run > *n) {
			*n = run;
			best = (uint16_t)p;
		}
	}
	return best;
}

static uint32_t
ports_held(const struct model *m, const struct cgn_explicit_ask *ask)
{
	uint32_t n = 0;

	for (const struct model_entry *e = m->entries; e < m->entries + MODEL_MAX_ENTRIES; e++)
		if (is_explicit(e) && e->tenant == ask->tenant && e->inside == ask->inside)
			n += e->n_ports;
	return n;
}

static struct model_entry *
free_entry(struct model *m)
{
	for (struct model_entry *e = m->entries; e < m->entries + MODEL_MAX_ENTRIES; e++)
		if (e->kind == MODEL_FREE)
			return e;
	return NULL;
}

static void
answer_with(const struct model *m, const struct model_entry *e, struct cgn_explicit_answer *answer)
{
	*answer = (struct cgn_explicit_answer){.addr = outside_of(m, e->tenant),
		.port = e->port,
		.inside_port = e->inside_port,
		.n_ports = e->n_ports,
		.lifetime_s = left_s(m, e)};
}

static enum model_kind
kind_of(enum cgn_explicit_origin origin)
{
	static const enum model_kind kinds[] = {[CGN_EXPLICIT_NATPMP] = MODEL_NATPMP,
		[CGN_EXPLICIT_PCP_MAP] = MODEL_PCP_MAP,
		[CGN_EXPLICIT_PCP_PEER] = MODEL_PCP_PEER};

	return kinds[origin];
}

/* The nonce protects what PCP made; NAT-PMP, without one, only reads it. */
static bool
is_locked(const struct model_entry *e, const struct cgn_explicit_ask *ask)
{
	if (e->kind != MODEL_PCP_MAP && e->kind != MODEL_PCP_PEER)
		return false;
	if (ask->origin == CGN_EXPLICIT_NATPMP)
		return ask->lifetime_s == 0;
	if (ask->replace_nonce)
		return false;
	return memcmp(e->nonce, ask->nonce, sizeof(e->nonce)) != 0;
}

static bool
filters_fit(const struct model_entry *e, const struct cgn_explicit_ask *ask)
{
	return (ask->filters_cleared ? 0 : e->n_filters) + ask->n_filters <= MODEL_MAX_FILTERS;
}

static bool
is_suggested(const struct model *m, const struct model_entry *e, const struct cgn_explicit_ask *ask)
{
	return e->port == ask->suggested_port &&
		(ask->suggested_addr == 0 || ask->suggested_addr == outside_of(m, e->tenant));
}

static void
refresh(const struct model *m, struct model_entry *e, const struct cgn_explicit_ask *ask)
{
	uint32_t end_s = m->now_s + ask->lifetime_s;

	if (e->kind == MODEL_STATIC)
		return;
	/* NAT-PMP reads PCP's, and PEER never shortens. */
	if (ask->origin == CGN_EXPLICIT_NATPMP && e->kind != MODEL_NATPMP &&
		e->kind != MODEL_IMPLICIT)
		return;
	if (e->kind == MODEL_IMPLICIT)
		e->implicit_below = true;
	if (ask->origin == CGN_EXPLICIT_PCP_PEER && e->end_s > end_s)
		end_s = e->end_s;
	if (e->kind != MODEL_PCP_MAP)
		e->kind = kind_of(ask->origin);
	e->end_s = end_s > e->idle_end_s ? end_s : e->idle_end_s;
	memcpy(e->nonce, ask->nonce, sizeof(e->nonce));
	e->client_addr = ask->client_addr;
	e->client_port = ask->client_port;
	if (ask->filters_cleared)
		e->n_filters = 0;
	memcpy(e->filters + e->n_filters, ask->filters, ask->n_filters * sizeof(e->filters[0]));
	e->n_filters = (uint8_t)(e->n_filters + ask->n_filters);
}

static enum cgn_explicit_result
create(struct model *m, const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answer)
{
	const bool insists = ask->prefer_failure ||
		(ask->origin == CGN_EXPLICIT_PCP_PEER &&
			(ask->suggested_port != 0 || ask->suggested_addr == CGN_ADDR_IMPOSSIBLE));
	uint32_t held = ports_held(m, ask);
	struct cgn_explicit_ask cut = *ask;
	struct model_entry made = {.tenant = ask->tenant,
		.inside = ask->inside,
		.proto = ask->proto,
		.inside_port = ask->inside_port};
	struct model_entry *e = free_entry(m);

	if (!m->has_address)
		return CGN_EXPLICIT_NO_ADDRESS;
	if (held >= m->quota)
		return CGN_EXPLICIT_QUOTA;
	if (!filters_fit(&made, ask))
		return CGN_EXPLICIT_TOO_MANY_FILTERS;
	if (cut.n_ports > m->quota - held)
		cut.n_ports = (uint16_t)(m->quota - held);
	made.port = choose_port(m, &cut, &made.n_ports);
	if (insists && !(made.n_ports > 0 && is_suggested(m, &made, ask)))
		return CGN_EXPLICIT_CANNOT_PROVIDE;
	if (made.n_ports == 0 || e == NULL)
		return CGN_EXPLICIT_NO_PORTS;
	made.kind = kind_of(ask->origin);
	*e = made;
	refresh(m, e, ask);
	if (ask->lifetime_s == 0) /* PEER without a wish: the idle time of traffic */
		e->end_s = m->now_s + MODEL_IDLE_S;
	answer_with(m, e, answer);
	return CGN_EXPLICIT_OK;
}

/* All or nothing: every entry in the way is judged before any is touched. */
static enum cgn_explicit_result
judge_all(struct model *m, const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answer)
{
	for (struct model_entry *e = next_covering(m, ask, NULL); e != NULL;
		e = next_covering(m, ask, e)) {
		if (is_locked(e, ask)) {
			answer->lifetime_s = left_s(m, e);
			return CGN_EXPLICIT_NOT_OWNER;
		}
		if (ask->lifetime_s == 0 && ask->origin != CGN_EXPLICIT_PCP_PEER) {
			if (e->kind == MODEL_STATIC)
				return CGN_EXPLICIT_STATIC;
			if (e->kind == MODEL_IMPLICIT || e->kind == MODEL_PCP_PEER)
				return CGN_EXPLICIT_IMPLICIT;
		}
		if (!filters_fit(e, ask))
			return CGN_EXPLICIT_TOO_MANY_FILTERS;
		if (ask->prefer_failure && !is_suggested(m, e, ask))
			return CGN_EXPLICIT_CANNOT_PROVIDE;
	}
	return CGN_EXPLICIT_OK;
}

/*
 * What recent traffic would keep, a delete does not end. PCP's mapping stays with its nonce for the
 * idle remainder, so that the delete can be repeated; NAT-PMP tells 0 and lets the port rest.
 */
static void
remove_entry(struct model *m, struct model_entry *e, enum cgn_explicit_origin origin)
{
	if (e->idle_end_s <= m->now_s) {
		e->kind = MODEL_FREE;
		return;
	}
	e->end_s = e->idle_end_s;
	if (origin == CGN_EXPLICIT_NATPMP)
		e->kind = e->implicit_below ? MODEL_IMPLICIT : MODEL_RESTING;
}

static void
remove_all(struct model *m, const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answers,
	uint32_t *n)
{
	struct model_entry *e = next_covering(m, ask, NULL);

	*n = 1;
	answers[0] = (struct cgn_explicit_answer){.inside_port = ask->inside_port, .n_ports = 1};
	for (uint32_t i = 0; e != NULL && i < CGN_EXPLICIT_MAX_ANSWERS; i++) {
		answer_with(m, e, &answers[i]);
		remove_entry(m, e, ask->origin);
		answers[i].lifetime_s = e->kind == MODEL_FREE ? 0 : left_s(m, e);
		*n = i + 1;
		e = next_covering(m, ask, e);
	}
}

/* A request for one port is told of that port, also when it lies within a set. */
static void
narrow(const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answer)
{
	answer->port = (uint16_t)(answer->port + (ask->inside_port - answer->inside_port));
	answer->inside_port = ask->inside_port;
	answer->n_ports = 1;
}

static void
refresh_all(struct model *m, const struct cgn_explicit_ask *ask,
	struct cgn_explicit_answer *answers, uint32_t *n)
{
	struct model_entry *e = next_covering(m, ask, NULL);

	for (uint32_t i = 0; e != NULL && i < CGN_EXPLICIT_MAX_ANSWERS; i++) {
		refresh(m, e, ask);
		answer_with(m, e, &answers[i]);
		*n = i + 1;
		e = next_covering(m, ask, e);
	}
}

static enum cgn_explicit_result
model_ask(void *ctx, const struct cgn_explicit_ask *ask, struct cgn_explicit_answer *answers,
	uint32_t *n_answers)
{
	struct model *m = ctx;
	enum cgn_explicit_result result = judge_all(m, ask, answers);

	m->n_asks++;
	m->last_ask = *ask;
	if (result != CGN_EXPLICIT_OK)
		return result;
	*n_answers = 1;
	if (ask->lifetime_s == 0 && ask->origin != CGN_EXPLICIT_PCP_PEER)
		remove_all(m, ask, answers, n_answers);
	else if (next_covering(m, ask, NULL) != NULL)
		refresh_all(m, ask, answers, n_answers);
	else
		return create(m, ask, answers);
	if (ask->n_ports == 1)
		narrow(ask, answers);
	return CGN_EXPLICIT_OK;
}

static enum cgn_explicit_result
model_delete_all(void *ctx, uint32_t tenant, uint32_t inside, enum cgn_proto proto)
{
	struct model *m = ctx;
	enum cgn_explicit_result result = CGN_EXPLICIT_OK;

	m->n_asks++;
	for (struct model_entry *e = m->entries; e < m->entries + MODEL_MAX_ENTRIES; e++) {
		if (e->tenant != tenant || e->inside != inside || e->proto != proto)
			continue;
		if (e->kind == MODEL_NATPMP)
			remove_entry(m, e, CGN_EXPLICIT_NATPMP);
		else if (is_explicit(e) || e->kind == MODEL_STATIC)
			result = CGN_EXPLICIT_SOME_LEFT;
	}
	return result;
}

static uint32_t
model_epoch(void *ctx, uint32_t tenant)
{
	const struct model *m = ctx;

	return m->epoch_s + tenant;
}

static uint32_t
model_outside_addr(void *ctx, uint32_t tenant, uint32_t inside)
{
	return outside_of(ctx, tenant);
}

static uint32_t
model_find_inside(void *ctx, uint32_t tenant, uint32_t addr)
{
	uint32_t i = addr - MODEL_FIRST_INSIDE;

	return i < MODEL_N_INSIDE ? i : CGN_NONE;
}

/* Nothing special-purpose, and nothing inside (RFC 6887 section 12.3). */
static bool
model_peer_allowed(void *ctx, uint32_t tenant, uint32_t addr)
{
	return addr >> 24 != 0 && addr >> 24 != 127 && addr >> 28 < 0xe &&
		addr >> 22 != 0x6440 >> 6;
}

const struct cgn_portctl_ops model_ops = {.epoch = model_epoch,
	.outside_addr = model_outside_addr,
	.ask = model_ask,
	.delete_all = model_delete_all,
	.find_inside = model_find_inside,
	.peer_allowed = model_peer_allowed};

void
model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->now_s = 5000;
	m->epoch_s = 0x01020304;
	m->has_address = true;
	m->first_port = 5340;
	m->last_port = 5499;
	m->quota = 40;
}

void
model_elapse(struct model *m, uint32_t seconds)
{
	m->now_s += seconds;
	m->epoch_s += seconds;
	for (struct model_entry *e = m->entries; e < m->entries + MODEL_MAX_ENTRIES; e++)
		if (e->kind != MODEL_STATIC && e->end_s <= m->now_s)
			e->kind = MODEL_FREE;
}

struct model_entry *
model_put(struct model *m, enum model_kind kind, enum cgn_proto proto, uint16_t inside_port,
	uint16_t port)
{
	struct model_entry *e = free_entry(m);

	*e = (struct model_entry){.kind = kind,
		.proto = proto,
		.inside_port = inside_port,
		.port = port,
		.n_ports = 1,
		.end_s = m->now_s + MODEL_IDLE_S};
	if (kind == MODEL_IMPLICIT)
		e->idle_end_s = e->end_s;
	return e;
}

struct model_entry *
model_find(struct model *m, enum cgn_proto proto, uint16_t inside_port)
{
	const struct cgn_explicit_ask ask = {
		.proto = proto, .inside_port = inside_port, .n_ports = 1};

	return next_covering(m, &ask, NULL);
}

uint32_t
model_count(const struct model *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < MODEL_MAX_ENTRIES; i++)
		n += m->entries[i].kind != MODEL_FREE && m->entries[i].kind != MODEL_RESTING;
	return n;
}

bool
model_same(const struct model *a, const struct model *b)
{
	return memcmp(a->entries, b->entries, sizeof(a->entries)) == 0 &&
		a->has_address == b->has_address;
}
