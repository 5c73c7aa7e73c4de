/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traces are true: a random history of blocks, mappings and explicit mappings is put into a local
 * log, with files that change, records that are lost, daemons that stop and crash and a clock that
 * is set back; beside it a list of who had what from when to when is kept. Each question about an
 * address, a port and a time has the same answer from both.
 */
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logstore.h"
#include "logtrace.h"
#include "rand.h"
#include "scratch.h"
#include "slot.h"

enum {
	N_OPERATIONS = 6000,
	N_QUESTIONS = 4000,
	N_ADDRS = 3,
	N_BLOCKS = 4, /* of an address */
	BLOCK = 64,
	FIRST = 1024,
	N_PLACES = N_ADDRS * N_BLOCKS * 3, /* a block, one mapping and one explicit one in it */
	MAX_SPANS = 40000,
};
static const uint32_t outside_base = 0xcb007110, inside_base = 0x6440000a;

/* Of a holder: on the clock as it went until it was set back, there may be several. */
struct span {
	uint64_t from, until, test_from, test_until;
	bool is_open, is_from_unsure, is_until_unsure, is_counted;
	uint32_t holder; /* of the same holder all have the same */
	struct cgn_natlog_record r;
};

struct place {
	bool is_held;               /* in truth */
	struct cgn_natlog_record r; /* with which it began */
	int64_t span;               /* that is open in the log's view, or -1 */
};

static struct cgn_logstore *store;
static struct cgn_rand prng;
static char dir[SCRATCH_LEN];
static struct place places[N_PLACES];
static struct span spans[MAX_SPANS];
static uint32_t n_spans, n_holders;
static uint64_t utc_ms = UINT64_C(1790000000000), number, last_utc;
static uint64_t lost; /* records of the gap that is under way */
static bool is_losing;
static struct cgn_logstore_limits limits = {.max_bytes = UINT64_MAX,
	.max_age_s = UINT32_MAX,
	.segment_bytes = 16384,
	.segment_s = 86400};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "prop_logstore: %s\n", what);
	exit(1);
}

/* --- The model: what a reader of the log can know --- */

static void
span_begin(uint32_t p, const struct cgn_natlog_record *r, uint64_t at, bool unsure)
{
	must(n_spans < MAX_SPANS, "room for the model");
	places[p].span = n_spans;
	spans[n_spans++] = (struct span){.from = at,
		.test_from = at,
		.is_open = true,
		.is_from_unsure = unsure,
		.holder = n_holders++,
		.r = *r};
}

static void
span_end(uint32_t p, uint64_t at, bool unsure)
{
	const int64_t first = places[p].span;

	if (first < 0)
		return;
	for (int64_t i = 0; i < n_spans; i++) {
		struct span *s = &spans[i];

		if (s->holder != spans[first].holder)
			continue;
		if (s->is_open)
			s->test_until = at;
		s->is_open = false;
		s->until = at;
		s->is_until_unsure = unsure;
	}
	places[p].span = -1;
}

static void
span_set_back(uint32_t p, uint64_t prev, uint64_t now)
{
	struct span *s;

	if (places[p].span < 0)
		return;
	s = &spans[places[p].span];
	s->is_open = false;
	s->test_until = prev + 1;
	must(n_spans < MAX_SPANS, "room for the model");
	spans[n_spans] = *s;
	spans[n_spans].is_open = true;
	spans[n_spans].test_from = now;
	places[p].span = n_spans++;
}

/* --- Records --- */

static void
put(struct cgn_natlog_record *r)
{
	r->number = ++number;
	r->utc_ms = utc_ms;
	if (is_losing) {
		lost++;
		return;
	}
	cgn_logstore_put(store, r, NULL);
	last_utc = utc_ms;
}

static void
put_mark(enum cgn_natlog_id id, uint64_t value)
{
	struct cgn_natlog_record r;

	memset(&r, 0, sizeof(r));
	r.id = (uint8_t)id;
	r.value = value;
	put(&r);
}

static uint32_t
kind_of(uint32_t p)
{
	return p % 3; /* 0: block, 1: mapping, 2: explicit mapping */
}

static struct cgn_natlog_record
draw(uint32_t p)
{
	static const enum cgn_natlog_id ids[] = {
		CGN_NATLOG_BLOCK_LEASED, CGN_NATLOG_MAPPING_MADE, CGN_NATLOG_EXPLICIT_MADE};
	const uint32_t block = p / 3 % N_BLOCKS, kind = kind_of(p);
	const uint32_t tenant = cgn_rand_below(&prng, 3);
	struct cgn_natlog_record r;

	memset(&r, 0, sizeof(r));
	r.id = (uint8_t)ids[kind];
	r.vrf = tenant + 1;
	snprintf(r.tenant, sizeof(r.tenant), "a-tenant-with-a-long-name-%u", tenant);
	r.inside_addr = inside_base + cgn_rand_below(&prng, 2);
	r.outside_addr = outside_base + p / 3 / N_BLOCKS;
	r.outside_port = (uint16_t)(FIRST + block * BLOCK + (kind == 0 ? 0 : 5 + kind));
	r.last_port = kind == 0 ? (uint16_t)(r.outside_port + BLOCK - 1) : 0;
	r.inside_port = kind == 0 ? 0 : (uint16_t)(4000 + cgn_rand_below(&prng, 2));
	r.proto = kind == 0 ? 0 : IPPROTO_TCP;
	return r;
}

/* A mapping lives in a block, and no longer than it. */
static void
change(uint32_t p)
{
	static const enum cgn_natlog_id ends[] = {
		CGN_NATLOG_BLOCK_RETURNED, CGN_NATLOG_MAPPING_ENDED, CGN_NATLOG_EXPLICIT_ENDED};
	struct place *place = &places[p];
	struct cgn_natlog_record r;

	if (kind_of(p) != 0 && !places[p - kind_of(p)].is_held)
		return;
	for (uint32_t k = 1; kind_of(p) == 0 && k < 3; k++)
		if (places[p + k].is_held)
			change(p + k);
	if (!place->is_held) {
		place->r = draw(p);
		place->is_held = true;
		put(&place->r);
		if (!is_losing)
			span_begin(p, &place->r, utc_ms, false);
		return;
	}
	r = place->r;
	r.id = (uint8_t)ends[kind_of(p)];
	place->is_held = false;
	put(&r);
	if (!is_losing)
		span_end(p, utc_ms, false);
}

static bool
is_same(const struct cgn_natlog_record *a, const struct cgn_natlog_record *b)
{
	return a->inside_addr == b->inside_addr && a->inside_port == b->inside_port &&
		strcmp(a->tenant, b->tenant) == 0;
}

/* Everything is told again, as control does it. */
static void
heal(void)
{
	uint64_t gap_utc = utc_ms;

	is_losing = false;
	put_mark(CGN_NATLOG_GAP, lost);
	lost = 0;
	for (uint32_t p = 0; p < N_PLACES; p++) {
		struct place *place = &places[p];
		struct cgn_natlog_record r = place->r;

		utc_ms += cgn_rand_below(&prng, 2);
		if (!place->is_held)
			continue;
		r.flags = CGN_NATLOG_AGAIN;
		put(&r);
		if (place->span >= 0 && is_same(&spans[place->span].r, &r))
			continue;
		span_end(p, utc_ms, true);
		span_begin(p, &r, utc_ms, true);
	}
	put_mark(CGN_NATLOG_SYNCED, 0);
	for (uint32_t p = 0; p < N_PLACES; p++)
		if (!places[p].is_held)
			span_end(p, gap_utc, true);
}

static void
open_store(void)
{
	struct cgn_errmsg err;

	store = cgn_logstore_open(dir, &limits, utc_ms, &err);
	must(store != NULL, "the log opens");
}

static void
restart(bool crash)
{
	if (is_losing)
		heal();
	if (!crash) {
		put_mark(CGN_NATLOG_STOP, 0);
		for (uint32_t p = 0; p < N_PLACES; p++)
			span_end(p, utc_ms, false);
	}
	cgn_logstore_close(store);
	utc_ms += 1 + cgn_rand_below(&prng, 5000);
	open_store();
	number = 0;
	put_mark(CGN_NATLOG_START, 0);
	for (uint32_t p = 0; p < N_PLACES; p++) {
		span_end(p, utc_ms, true);
		places[p].is_held = false;
	}
}

static void
set_clock_back(void)
{
	uint64_t prev = last_utc;

	if (is_losing)
		heal();
	prev = last_utc;
	utc_ms -= 2000 + cgn_rand_below(&prng, 60000);
	for (uint32_t p = 0; p < N_PLACES; p++)
		span_set_back(p, prev, utc_ms);
	change(3 * cgn_rand_below(&prng, N_PLACES / 3)); /* a block: a record for sure */
}

static void
operate(void)
{
	uint32_t kind = cgn_rand_below(&prng, 1000);

	utc_ms += cgn_rand_below(&prng, 400);
	if (kind < 5)
		restart(kind < 3);
	else if (kind < 12)
		is_losing = true;
	else if (is_losing && kind < 40)
		heal();
	else if (kind >= 40 && kind < 42)
		set_clock_back();
	else if (kind < 60)
		cgn_logstore_house(store, utc_ms);
	else
		change(cgn_rand_below(&prng, N_PLACES));
	if (kind % 4 == 0)
		cgn_logstore_turn(store, utc_ms, utc_ms);
}

/* --- Questions --- */

static bool
is_match(const struct span *s, const struct cgn_logtrace_question *q)
{
	const uint64_t until = s->is_open ? UINT64_MAX : s->test_until;

	return s->test_from < q->utc_ms + q->span_ms &&
		(until > q->utc_ms || (until == q->utc_ms && until == s->test_from));
}

static bool
is_about(const struct span *s, const struct cgn_logtrace_question *q)
{
	const uint16_t last = s->r.last_port != 0 ? s->r.last_port : s->r.outside_port;

	return s->r.outside_addr == q->outside && s->r.outside_port <= q->port && q->port <= last &&
		(s->r.proto == 0 || s->r.proto == q->proto);
}

static bool
is_answered(const struct span *s, const struct cgn_logtrace_answer *a)
{
	for (uint32_t i = 0; i < a->n_holders; i++) {
		const struct cgn_logtrace_holder *h = &a->holders[i];

		if (h->from == s->from && h->until == (s->is_open ? 0 : s->until) &&
			h->first == s->r.outside_port && h->inside == s->r.inside_addr &&
			h->inside_port == s->r.inside_port && strcmp(h->tenant, s->r.tenant) == 0 &&
			h->is_from_unsure == s->is_from_unsure &&
			h->is_until_unsure == s->is_until_unsure)
			return true;
	}
	return false;
}

static void
show(const struct cgn_logtrace_question *q, const struct cgn_logtrace_answer *a)
{
	fprintf(stderr, "question: %x:%u at %llu for %llu; log from %llu\n", q->outside, q->port,
		(unsigned long long)q->utc_ms, (unsigned long long)q->span_ms,
		(unsigned long long)a->begins);
	for (uint32_t i = 0; i < a->n_holders; i++)
		fprintf(stderr, "answer: kind %u %s %x:%u %u from %llu until %llu unsure %d %d\n",
			a->holders[i].kind, a->holders[i].tenant, a->holders[i].inside,
			a->holders[i].inside_port, a->holders[i].first,
			(unsigned long long)a->holders[i].from,
			(unsigned long long)a->holders[i].until, a->holders[i].is_from_unsure,
			a->holders[i].is_until_unsure);
	for (uint32_t i = 0; i < n_spans; i++)
		if (is_about(&spans[i], q) && (is_match(&spans[i], q) || getenv("ALL")))
			fprintf(stderr,
				"model: kind %u %s %x:%u %u from %llu until %llu unsure %d %d test "
				"%llu %llu\n",
				spans[i].r.id, spans[i].r.tenant, spans[i].r.inside_addr,
				spans[i].r.inside_port, spans[i].r.outside_port,
				(unsigned long long)spans[i].from,
				(unsigned long long)(spans[i].is_open ? 0 : spans[i].until),
				spans[i].is_from_unsure, spans[i].is_until_unsure,
				(unsigned long long)spans[i].test_from,
				(unsigned long long)spans[i].test_until);
}

/* Each of the model's is in the answer, and there are no others. */
static void
compare(const struct cgn_logtrace_question *q)
{
	static struct cgn_logtrace_answer a;
	uint32_t seen[64], n = 0, k;
	bool ok = true;

	must(cgn_logtrace(dir, q, &a) == 0, "the log is read");
	for (uint32_t i = 0; i < n_spans; i++) {
		if (!is_about(&spans[i], q) || !is_match(&spans[i], q))
			continue;
		ok = ok && is_answered(&spans[i], &a);
		for (k = 0; k < n && seen[k] != spans[i].holder; k++)
			;
		if (k == n && n < 64)
			seen[n++] = spans[i].holder;
	}
	if (ok && n == a.n_holders)
		return;
	show(q, &a);
	must(false, "the answer is another");
}

static void
ask(uint64_t begin)
{
	uint64_t width = utc_ms - begin;

	must(utc_ms > begin && width < UINT32_MAX, "the clock went on, on the whole");
	struct cgn_logtrace_question q = {.outside = outside_base + cgn_rand_below(&prng, N_ADDRS),
		.port = (uint16_t)(FIRST + cgn_rand_below(&prng, N_BLOCKS) * BLOCK +
			cgn_rand_below(&prng, 12)),
		.proto = cgn_rand_below(&prng, 4) == 0 ? IPPROTO_UDP : IPPROTO_TCP,
		.utc_ms = begin + cgn_rand_below(&prng, (uint32_t)width),
		.span_ms = cgn_rand_below(&prng, 3) == 0 ? 1000 : 1};

	compare(&q);
}

static void
remove_dir(void)
{
	char command[SCRATCH_LEN + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (dir[0] != '\0' && system(command) != 0)
		fprintf(stderr, "%s stays\n", dir);
}

int
main(void)
{
	const char *text = getenv("CGN_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 0, begin = utc_ms;

	if (seed == 0) {
		cgn_rand_init(&prng, 0);
		seed = cgn_rand_u64(&prng) >> 16;
	}
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	cgn_rand_init(&prng, seed);
	scratch_template(dir, "prop_logstore");
	must(mkdtemp(dir) != NULL, "a folder");
	atexit(remove_dir);
	for (uint32_t p = 0; p < N_PLACES; p++)
		places[p].span = -1;
	open_store();
	put_mark(CGN_NATLOG_START, 0);
	for (int i = 0; i < N_OPERATIONS; i++)
		operate();
	heal();
	cgn_logstore_turn(store, utc_ms, utc_ms);
	for (int i = 0; i < N_QUESTIONS; i++)
		ask(begin);
	for (int i = 0; i < 200; i++) /* one a turn */
		cgn_logstore_house(store, utc_ms);
	for (int i = 0; i < N_QUESTIONS; i++)
		ask(begin);
	cgn_logstore_close(store);
	printf("%u holders, %llu records\n", n_holders, (unsigned long long)number);
	return 0;
}
