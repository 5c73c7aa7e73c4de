/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that come, drain, go and change their layout at random, while ports are taken, rest and
 * return: after each step what the pool counts equals a recount, no port is held twice, and none
 * goes to another subscriber before its rest is over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "pool_addr.h"
#include "pool_fixture.h"

enum {
	N_POOL = 12, /* 8 of tenant a, 4 of b */
	N_PORTS = 8192,
	N_HELD = 6000,
	N_SUBSCRIBERS = 60,
	N_STEPS = 60000,
	AUDIT_EVERY = 20,
	REST_S = 20,
};

struct held {
	struct cgn_port at;
	enum cgn_proto proto;
	uint32_t inside;
};

/* Who last had a port. */
struct seen {
	uint32_t inside, until_s;
	bool held, resting;
};

static struct pool_fixture f;
static struct cgn_rand prng;
static struct held held[N_HELD];
static struct seen seen[N_POOL][CGN_N_PROTOS][N_PORTS];
static uint32_t n_held, now_s, n_taken, n_cut, n_added, n_removed;

static bool
say(const char *what, uint32_t at)
{
	fprintf(stderr, "prop_pool_addr: %s at %u\n", what, at);
	return false;
}

static bool
note_taken(uint32_t inside, enum cgn_proto proto, struct cgn_port at)
{
	struct seen *s = &seen[at.pool][proto][at.port];

	if (s->held)
		return say("port is held twice", at.port);
	if (s->resting && s->until_s > now_s && s->inside != inside)
		return say("port has not rested", at.port);
	*s = (struct seen){.inside = inside, .held = true};
	held[n_held++] = (struct held){.at = at, .proto = proto, .inside = inside};
	cgn_pool_publish(f.pool, at, proto, n_taken++ + 1);
	return true;
}

static bool
take(void)
{
	uint32_t tenant = cgn_rand_below(&prng, 2);
	uint32_t inside = f.dir->tenants[tenant].inside.runs[0].first +
		cgn_rand_below(&prng, N_SUBSCRIBERS);
	uint16_t n_blocks = f.subscribers[inside].n_blocks;
	enum cgn_proto proto = (enum cgn_proto)cgn_rand_below(&prng, CGN_N_PROTOS);
	struct cgn_port at = {.pool = cgn_rand_below(&prng, N_POOL),
		.port = (uint16_t)(1024 + cgn_rand_below(&prng, N_PORTS - 1024))};
	enum cgn_fate fate;

	if (n_held == N_HELD)
		return true;
	fate = cgn_rand_below(&prng, 4) == 0 ? cgn_pool_take_at(f.pool, inside, tenant, proto, at)
					     : cgn_pool_take(f.pool, inside, tenant, proto, &at);
	if (fate != CGN_FATE_NONE)
		return true;
	if (f.pool->addrs[at.pool].tenant != tenant)
		return say("address is another tenant's", at.pool);
	if (f.pool->addrs[at.pool].state != CGN_ADDR_OPEN &&
		f.subscribers[inside].n_blocks != n_blocks)
		return say("block was leased on an address that drains", at.pool);
	return note_taken(inside, proto, at);
}

static void
end(uint32_t k)
{
	struct held h = held[k];
	struct seen *s = &seen[h.at.pool][h.proto][h.at.port];

	held[k] = held[--n_held];
	*s = (struct seen){.inside = h.inside,
		.resting = true,
		.until_s = now_s + cgn_rand_below(&prng, REST_S)};
	cgn_pool_rest(f.pool, h.at, h.proto, s->until_s);
}

static bool
make_ready(void)
{
	struct cgn_pool_need need;
	struct cgn_errmsg err;

	return cgn_pool_need(f.pool, f.dir, &need, &err) == 0 && cgn_pool_fill(f.pool, &need) == 0;
}

/* Another range and block size for a tenant, in force on some of its addresses at once. */
static bool
cut(void)
{
	uint32_t tenant = cgn_rand_below(&prng, 2);
	struct cgn_conf_tenant *conf = &f.conf->tenants[tenant];
	uint32_t first = 16 + cgn_rand_below(&prng, 40), n = 8 + cgn_rand_below(&prng, 60);

	conf->ports.first = (uint16_t)(first * 64);
	conf->ports.last = (uint16_t)((first + n) * 64 - 1);
	conf->ports.block_size = (uint16_t)(64 << cgn_rand_below(&prng, 4));
	if (!make_ready())
		return say("not ready", tenant);
	for (uint32_t i = 0; i < N_POOL; i++)
		if (f.pool->addrs[i].tenant == tenant && cgn_rand_below(&prng, 3) > 0 &&
			cgn_pool_addr_layout(f.pool, i) < 0)
			return say("no chunks for a layout that was made ready", i);
	n_cut++;
	return true;
}

/* One address goes on its way: comes, drains, or goes. */
static bool
turn(void)
{
	uint32_t i = cgn_rand_below(&prng, N_POOL);
	const struct cgn_pool_addr *addr = &f.pool->addrs[i];
	bool is_empty = addr->n_blocks == addr->n_free;
	int rc;

	if (addr->state == CGN_ADDR_NONE || cgn_rand_below(&prng, 3) == 0) {
		int expected = addr->state == CGN_ADDR_OPEN ? -EBUSY : 0;

		n_added++;
		return make_ready() && cgn_pool_addr_add(f.pool, i) == expected
			? true
			: say("address is not added", i);
	}
	if (addr->state == CGN_ADDR_OPEN && cgn_rand_below(&prng, 8) > 0) {
		pool_fixture_may_move = true;
		cgn_pool_addr_drain(f.pool, i);
		return true;
	}
	rc = cgn_pool_addr_remove(f.pool, i);
	n_removed += rc == 0;
	return rc == (is_empty ? 0 : -EBUSY) ? true : say("address is wrongly removed", i);
}

static bool
step(uint32_t n)
{
	uint32_t what = cgn_rand_below(&prng, 1000);
	bool ok = true;

	/* Tides: now the pools fill up, now they run empty. */
	if (what < 960) {
		if (cgn_rand_below(&prng, 100) < (n / 4000 % 2 ? 30 : 70))
			ok = take();
		else if (n_held > 0)
			end(cgn_rand_below(&prng, n_held));
	} else if (what < 980) {
		cgn_pool_rest_advance(f.pool, ++now_s, UINT32_MAX);
	} else if (what < 985) {
		ok = cut();
	} else {
		ok = turn();
	}
	return ok && (n % AUDIT_EVERY != 0 || pool_fixture_is_consistent(&f));
}

int
main(void)
{
	static const char ports[] =
		"ports: {first: 1024, last: 8191, block_size: 256, max_blocks: 4}\n";
	char a[256], b[256];
	uint64_t seed = audit_seed("prop_pool_addr");
	bool ok = true;

	snprintf(a, sizeof(a), "pool: [203.0.113.16/29]\n%s", ports);
	snprintf(b, sizeof(b), "pool: [203.0.113.32/30]\n%s", ports);
	pool_fixture_init_two(&f, a, b, seed);
	f.pool->on_demand = seed % 2; /* what is filled may well be filled again */
	cgn_rand_init(&prng, seed ^ 1);
	for (uint32_t n = 0; ok && n < N_STEPS; n++)
		ok = step(n);
	while (ok && n_held > 0)
		end(n_held - 1);
	cgn_pool_rest_advance(f.pool, now_s + REST_S, UINT32_MAX);
	ok = ok && make_ready();
	for (uint32_t i = 0; ok && i < N_POOL; i++)
		ok = f.pool->addrs[i].state == CGN_ADDR_OPEN || cgn_pool_addr_add(f.pool, i) == 0;
	ok = ok && pool_is_untouched(f.pool);
	printf("%u ports taken, %u layouts, %u addresses added, %u removed\n", n_taken, n_cut,
		n_added, n_removed);
	if (ok && (n_taken < 1000 || n_cut < 100 || n_added < 100 || n_removed < 20))
		ok = say("too little was tried", N_STEPS);
	pool_fixture_fini(&f);
	return ok ? 0 : 1;
}
