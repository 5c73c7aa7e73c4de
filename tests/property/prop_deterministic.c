/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Computed ranges of random configurations (DET-01, DET-02): forward and reverse are inverse over
 * every inside address and 10 000 random outside ports, no two ranges share a port, and what the
 * pool gives out lies where the computation says and is never reserved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "conf_text.h"
#include "deterministic.h"
#include "load.h"
#include "pool.h"

enum { N_CONFS = 60, N_PORTS = 10000, N_TAKES = 400, TEXT_LEN = 8192 };

static struct cgn_rand prng;
static uint32_t n_loaded, n_refused, n_reverse, n_in_range, n_taken, n_dynamic;

static bool
say(const char *what, uint32_t at)
{
	fprintf(stderr, "prop_deterministic: %s at %u\n", what, at);
	return false;
}

static uint32_t
any(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

static int
print_attachment(char *text, size_t size, uint32_t a)
{
	uint32_t n = 1 + any(4);
	int len = snprintf(text, size,
		"  - {port: access, vlan: %u, address: 100.%u.0.1/16, subscribers: [", a + 2,
		64 + a);

	for (uint32_t s = 0; s < n; s++) {
		uint32_t bits = 23 + any(6), mask = any(3) == 0 ? bits + any(33 - bits) : 32;

		/* In any order: numbers follow the file, not the addresses. */
		len += snprintf(text + len, size - (size_t)len,
			"%s{prefix: 100.%u.%u.0/%u, subscriber_mask: %u}", s > 0 ? ", " : "",
			64 + a, 4 * ((s * 7 + a) % 11 + 1), bits, mask);
	}
	return len + snprintf(text + len, size - (size_t)len, "]}\n");
}

static int
print_ports(char *text, size_t size)
{
	int len = snprintf(text, size,
		"ports:\n  first: %u\n  last: %u\n  block_size: 64\n  max_blocks: %u\n"
		"  deterministic: {algorithm: %s, ratio: %u, dynamic: %u}\n  reserved: [",
		64 * (16 + any(400)), 64 * (600 + any(425)) - 1, 1 + any(4),
		any(2) == 0 ? "sequential" : "spread", any(2) == 0 ? 0 : 1 + any(500),
		any(2) == 0 ? 0 : any(20));

	for (uint32_t r = any(5), k = 0; k < r; k++) {
		uint32_t first = 1024 + any(60000);

		len += snprintf(text + len, size - (size_t)len, "%s%u-%u", k > 0 ? ", " : "", first,
			first + any(100));
	}
	return len + snprintf(text + len, size - (size_t)len, "]\n");
}

static void
print_tenant(char *text)
{
	uint32_t n = 1 + any(3), n_pools = 1 + any(4);
	size_t len = (size_t)snprintf(text, TEXT_LEN, "tenant: a\nattachments:\n");

	for (uint32_t a = 0; a < n; a++)
		len += (size_t)print_attachment(text + len, TEXT_LEN - len, a);
	len += (size_t)snprintf(text + len, TEXT_LEN - len, "pool: [");
	for (uint32_t p = 0; p < n_pools; p++)
		len += (size_t)snprintf(text + len, TEXT_LEN - len, "%s198.18.%u.0/%u",
			p > 0 ? ", " : "", (p * 5 + 3) % 7, 27 + any(6));
	len += (size_t)snprintf(text + len, TEXT_LEN - len, "]\n");
	len += (size_t)print_ports(text + len, TEXT_LEN - len);
	if (any(3) == 0)
		snprintf(text + len, TEXT_LEN - len,
			"static_addresses: [{inside: 100.64.%u.7, outside: 198.18.3.0}]\n", 4);
}

static struct cgn_conf *
load(const char *text)
{
	static const char box[] = CONF_TEXT_BOX "tenants: [t.yaml]\n";
	const struct cgn_conf_source sources[] = {
		{"cgnat.yaml", box, sizeof(box) - 1}, {"t.yaml", text, strlen(text)}};
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load_mem(sources, 2, &errors);

	for (uint32_t i = 0; i < errors.n_errors; i++)
		if (strstr(errors.errors[i].text, "[deterministic-room]") == NULL &&
			strstr(errors.errors[i].text, "[reserved-all]") == NULL &&
			strstr(errors.errors[i].text, "[own-address-") == NULL) {
			fprintf(stderr, "%s\n%s\n", text, errors.errors[i].text);
			exit(1);
		}
	cgn_conf_errors_free(&errors);
	return conf;
}

/* Whose each granule of each address is, number of the subscriber + 1. */
static bool
claim(const struct cgn_det *det, uint32_t *owners, const struct cgn_det_answer *range)
{
	struct cgn_det_answer back;
	uint32_t address = 0;

	while (address < det->addresses.n_runs) {
		const struct cgn_det_run *run = &det->addresses.runs[address];

		if (range->outside >= run->first_addr && range->outside - run->first_addr < run->n)
			break;
		address++;
	}
	if (address == det->addresses.n_runs)
		return say("range on an address that is none of the pool", range->number);
	address = det->addresses.runs[address].first_number + range->outside -
		det->addresses.runs[address].first_addr;
	for (uint32_t g = range->first / 64u; g <= range->last / 64u; g++) {
		uint32_t *owner = &owners[address * 1024 + g];

		if (*owner != 0 && *owner != range->number + 1)
			return say("two subscribers share a port", g * 64);
		*owner = range->number + 1;
	}
	for (int k = 0; k < 3; k++) {
		uint16_t port = k == 0 ? range->first
			: k == 1       ? range->last
				       : (uint16_t)(range->first + any(det->range_ports));

		cgn_det_reverse(det, range->outside, port, &back);
		if (back.number != range->number || back.inside.addr != range->inside.addr ||
			back.first != range->first || back.last != range->last ||
			(back.kind == CGN_DET_RESERVED) != cgn_port_is_reserved(det->conf, port))
			return say("reverse is not the inverse of forward", port);
	}
	return true;
}

static bool
forward_all(const struct cgn_det *det)
{
	uint32_t *owners = calloc(det->addresses.n * 1024 + 1, sizeof(*owners));
	const struct cgn_conf_tenant *conf = det->conf;
	uint64_t n = 0;
	bool ok = owners != NULL;

	for (uint32_t a = 0; a < conf->n_attachments; a++)
		for (uint32_t s = 0; s < conf->attachments[a].n_subscribers; s++) {
			const struct cgn_conf_subscribers *sub =
				&conf->attachments[a].subscribers[s];
			uint32_t last = cgn_prefix_last(sub->prefix), at = sub->prefix.addr;

			for (; ok && at <= last; at++) {
				uint64_t number = n +
					((at - sub->prefix.addr) >> (32 - sub->subscriber_mask));
				struct cgn_det_answer range;

				cgn_det_range(det, at, &range);
				ok = range.kind == CGN_DET_RANGE && range.number == number &&
					cgn_prefix_has(range.inside, at) &&
					claim(det, owners, &range);
			}
			n += cgn_prefix_size(sub->prefix) >> (32 - sub->subscriber_mask);
		}
	free(owners);
	return ok;
}

static bool
reverse_some(const struct cgn_det *det)
{
	const struct cgn_conf_tenant *conf = det->conf;

	for (uint32_t k = 0; k < N_PORTS; k++, n_reverse++) {
		const struct cgn_prefix *pool = &conf->pools[any(conf->n_pools)].prefix;
		uint32_t outside = pool->addr + any((uint32_t)cgn_prefix_size(*pool));
		uint16_t port = (uint16_t)any(65536);
		struct cgn_det_answer who, range;

		cgn_det_reverse(det, outside, port, &who);
		if (who.kind == CGN_DET_FOREIGN)
			return say("address of the pool is foreign", port);
		if (who.kind != CGN_DET_RANGE && who.kind != CGN_DET_RESERVED)
			continue;
		n_in_range++;
		cgn_det_range(det, who.inside.addr, &range);
		if (range.outside != outside || port < range.first || port > range.last)
			return say("forward is not the inverse of reverse", port);
	}
	return true;
}

/* The pool agrees: ports of random subscribers, until their ranges are full and beyond. */
static bool
take_some(const struct cgn_directory *dir, struct cgn_pool *pool)
{
	const struct cgn_det *det = dir->tenants[0].det;
	uint32_t inside = 0;

	for (uint32_t k = 0; k < N_TAKES; k++, n_taken++) {
		enum cgn_proto proto = (enum cgn_proto)any(CGN_N_PROTOS);
		struct cgn_det_answer range, who;
		struct cgn_port at;

		if (any(40) == 0 || k == 0)
			do
				inside = any(dir->n_inside);
			while (!cgn_directory_inside_live(dir, inside));
		if (cgn_pool_owns(pool, inside) ||
			cgn_pool_take(pool, inside, 0, proto, &at) != CGN_FATE_NONE)
			continue;
		cgn_pool_publish(pool, at, proto, k + 1);
		cgn_det_forward(det, cgn_directory_inside_addr(dir, inside), &range);
		cgn_det_reverse(det, dir->pool_addrs[at.pool], at.port, &who);
		if (dir->pool_addrs[at.pool] != range.outside)
			return say("port is on another address", at.port);
		if (proto != CGN_ICMP && cgn_port_is_reserved(det->conf, at.port))
			return say("port is reserved", at.port);
		n_dynamic += who.kind == CGN_DET_DYNAMIC;
		if (who.kind != CGN_DET_DYNAMIC && who.number != range.number)
			return say("port is another subscriber's", at.port);
	}
	return true;
}

static bool
try_pool(const struct cgn_conf *conf)
{
	struct cgn_errmsg err;
	struct cgn_directory *dir = cgn_directory_create(conf, NULL, &err);
	struct cgn_subscriber *subscribers = calloc(dir->n_inside, sizeof(*subscribers));
	struct cgn_pool *pool = cgn_pool_create(dir, subscribers, &prng, -1, &err);
	bool ok = pool != NULL && take_some(dir, pool);

	cgn_pool_destroy(pool);
	free(subscribers);
	cgn_directory_destroy(dir);
	return ok;
}

static bool
try_one(void)
{
	char text[TEXT_LEN];
	struct cgn_conf *conf;
	struct cgn_det *det;
	bool ok;

	print_tenant(text);
	conf = load(text);
	if (conf == NULL) {
		n_refused++;
		return true;
	}
	n_loaded++;
	det = cgn_det_create(&conf->tenants[0]);
	ok = det != NULL && forward_all(det) && reverse_some(det) &&
		(n_loaded > 12 || try_pool(conf)); /* the pool's arrays are what takes time */
	if (!ok)
		fprintf(stderr, "%s", text);
	cgn_det_destroy(det);
	cgn_conf_free(conf);
	return ok;
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_deterministic");
	bool ok = true;

	cgn_rand_init(&prng, seed);
	for (uint32_t k = 0; ok && n_loaded < N_CONFS && k < 100 * N_CONFS; k++)
		ok = try_one();
	printf("%u configurations, %u refused, %u ports reversed, %u in ranges, %u taken, %u "
	       "dynamic\n",
		n_loaded, n_refused, n_reverse, n_in_range, n_taken, n_dynamic);
	if (ok && (n_loaded < N_CONFS || n_in_range < n_reverse / 100 || n_taken < 1000))
		ok = say("too little was tried", n_loaded);
	return ok ? 0 : 1;
}
