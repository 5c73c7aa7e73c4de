/* SPDX-License-Identifier: BSD-3-Clause */
/* Invariants of a whole box; see audit.h. */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_hash.h>

#include "pool_fixture.h"

static bool
say(const char *what, uint64_t at)
{
	fprintf(stderr, "audit: %s at %llu\n", what, (unsigned long long)at);
	return false;
}

/* A mapping that is published has a timer. */
static bool
is_live(const struct cgn_box *box, const struct cgn_mapping *m)
{
	const struct cgn_table *t = box->control->table;

	return t->sides[m - t->entries].wheel.prev != 0;
}

/* By addresses alone, from both sides. */
static bool
pair_is_sound(const struct cgn_box *box, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(box->dp.table, i);
	const struct cgn_others *o = box->dp.others;
	uint8_t ip_proto = (uint8_t)m->ip_proto;

	if (m->call) /* its other key comes with the server's answer */
		return cgn_others_find_call(o, CGN_OUT2IN, m->pool, m->remote, m->outside_port) ==
			i;
	return cgn_others_find(o, CGN_IN2OUT, m->inside, m->remote, ip_proto) == i &&
		cgn_others_find(o, CGN_OUT2IN, m->pool, m->remote, ip_proto) == i;
}

/* Of one remote end, from both sides; its port is not another's either. */
static bool
dependent_is_sound(const struct cgn_box *box, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(box->dp.table, i);
	const struct cgn_dependents *d = box->dp.dependents;
	const struct cgn_dependent_key in = cgn_dependent_key_of(d, m, i, CGN_IN2OUT),
				       out = cgn_dependent_key_of(d, m, i, CGN_OUT2IN);
	const struct cgn_shared_port *port = &d->ports[cgn_dependent_of(d, i)->shared];
	const struct cgn_map_key end = {
		.inside = m->inside, .port = m->inside_port, .proto = m->proto};

	return cgn_dependent_find(d, &in) == i && cgn_dependent_find(d, &out) == i &&
		cgn_dependents_at(d, &end) > 0 && port->at.pool == m->pool &&
		port->at.port == rte_be_to_cpu_16(m->outside_port) && port->proto == m->proto &&
		port->holder == cgn_directory_holder(box->dir, m->inside);
}

static bool
is_found_from_inside(const struct cgn_box *box, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(box->dp.table, i);
	const struct cgn_map_key key = {
		.inside = m->inside, .port = m->inside_port, .proto = m->proto};

	if (m->dependent)
		return dependent_is_sound(box, i);
	return m->proto == CGN_OTHER ? pair_is_sound(box, i)
				     : cgn_table_find(box->dp.table, &key) == i;
}

static bool
mapping_is_sound(const struct cgn_box *box, uint32_t i)
{
	const struct cgn_mapping *m = cgn_table_at(box->dp.table, i);
	const struct cgn_directory *dir = box->dir;
	uint16_t port = rte_be_to_cpu_16(m->outside_port);

	if (!is_found_from_inside(box, i))
		return say("mapping is not found from inside", i);
	if (!cgn_is_published(box->control, i))
		return say("mapping is not found from outside", i);
	if (!cgn_directory_pool_live(dir, m->pool) ||
		rte_be_to_cpu_32(m->outside_addr) != dir->pool_addrs[m->pool] ||
		dir->pool_tenants[m->pool] != m->tenant)
		return say("outside address is not the tenant's", i);
	if (cgn_directory_inside_find(dir, m->tenant, rte_be_to_cpu_32(m->inside_addr)) !=
		m->inside)
		return say("inside address is not the subscriber's", i);
	if (m->proto == CGN_UDP && (port == CGN_PORT_PMP_SERVER || port == CGN_PORT_PMP_CLIENT))
		return say("mapping on a port of NAT-PMP", i);
	if (box->control->subscribers[cgn_directory_holder(dir, m->inside)].pool != m->pool)
		return say("mapping is not on the paired address", i);
	return true;
}

/* All mappings of a port say the same; one alone unless they share it. *n counts them. */
static bool
slot_is_sound(const struct cgn_box *box, struct cgn_port port, enum cgn_proto proto, uint32_t *n)
{
	const struct cgn_control *c = box->control;
	uint32_t at = cgn_outside_nth(c, &port, (uint8_t)proto, 0);
	bool is_shared = cgn_pool_find(c->pool, port.pool, proto, port.port) == CGN_MAPPING_NONE;

	for (; at != CGN_MAPPING_NONE; at = cgn_outside_next(c, at), ++*n) {
		const struct cgn_mapping *m = cgn_table_at(c->table, at);

		if (!is_live(box, m) || m->pool != port.pool || cgn_mapping_space(m) != proto ||
			rte_be_to_cpu_16(m->outside_port) != port.port || m->dependent != is_shared)
			return say("slot leads to another's mapping", at);
	}
	return true;
}

/* Every slot in use leads to a mapping that says the same. */
static bool
slots_are_sound(const struct cgn_box *box, uint32_t n_live)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < box->dir->n_pool; i++)
		for (uint32_t g = 0; g < CGN_GRANULES; g++) {
			uint32_t first = g * CGN_GRANULE_PORTS;

			if (atomic_load(&box->dp.pool->granules[(uint64_t)i * CGN_GRANULES + g]) ==
				0)
				continue;
			for (uint32_t k = 0; k < CGN_N_PROTOS * CGN_GRANULE_PORTS; k++) {
				enum cgn_proto proto = (enum cgn_proto)(k / CGN_GRANULE_PORTS);
				uint16_t port = (uint16_t)(first + k % CGN_GRANULE_PORTS);

				if (!slot_is_sound(box, (struct cgn_port){i, port}, proto, &n))
					return false;
			}
		}
	return n == n_live ? true : say("slots and mappings differ in number", n);
}

/* Mappings of a tenant and protocol beyond one of each shared port. */
static uint32_t
n_sharing(const struct cgn_control *c, uint32_t tenant, int proto)
{
	uint32_t n = 0;

	for (uint32_t s = 1; s <= c->dependents.capacity; s++) {
		const struct cgn_shared_port *port = &c->dependents.ports[s];

		if (port->n > 0 && port->proto == proto &&
			c->pool->addrs[port->at.pool].tenant == tenant)
			n += port->n - 1;
	}
	return n;
}

static bool
use_is_sound(
	const struct cgn_box *box, const struct cgn_use *subscribers, const struct cgn_use *tenants)
{
	const struct cgn_control *c = box->control;

	for (uint32_t i = 0; i < box->dir->n_inside; i++)
		if (memcmp(subscribers[i].mappings, c->subscribers[i].use.mappings,
			    sizeof(subscribers[i].mappings)) != 0)
			return say("use of a subscriber is miscounted", i);
	for (uint32_t t = 0; t < box->dir->n_tenants; t++) {
		const struct cgn_pool_use *use = &c->pool->use[t];

		if (memcmp(tenants[t].mappings, c->tenants[t].mappings,
			    sizeof(tenants[t].mappings)) != 0)
			return say("use of a tenant is miscounted", t);
		for (int p = 0; p < CGN_N_PROTOS; p++)
			if (use->busy[p] - use->resting[p] + n_sharing(c, t, p) !=
				tenants[t].mappings[p])
				return say("busy ports are not the mappings", t);
	}
	return true;
}

/* Keys, records, tenants, rings and inside ends. */
static bool
dependents_are_counted(const struct cgn_control *c)
{
	const struct cgn_dependents *d = &c->dependents;
	uint32_t of_tenants = 0, of_rings = 0, of_ports = 0, of_ends = 0;
	const void *key;
	uint32_t next = 0;
	void *n;

	if (d->capacity == 0)
		return d->n == 0;
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++)
		of_tenants += d->of_tenants[t];
	for (uint32_t i = 0; i < c->dp->dir->n_inside; i++)
		of_rings += d->rings[i][CGN_TCP].n + d->rings[i][CGN_UDP].n;
	for (uint32_t s = 1; s <= d->capacity; s++)
		of_ports += d->ports[s].n;
	while (rte_hash_iterate(d->ends, &key, &n, &next) >= 0)
		of_ends += (uint32_t)(uintptr_t)n;
	return (uint32_t)rte_hash_count(d->hash) == 2 * d->n && of_tenants == d->n_live &&
		of_ports == d->n_live && of_ends == d->n_live && of_rings == d->n_ports;
}

static bool
counts_are_sound(const struct cgn_box *box, uint32_t n_live)
{
	const struct cgn_control *c = box->control;
	uint32_t n_limbo = c->open.n + c->waiting.n, n_keys = 0, n_ports = 0;

	for (uint32_t s = 0; s < c->table->n_shards; s++)
		n_keys += c->table->shards[s].n_used;
	for (uint32_t i = 1; i <= c->table->capacity; i++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, i);

		n_ports += is_live(box, m) && m->proto != CGN_OTHER && !m->dependent;
	}
	if (c->others.hash != NULL && (uint32_t)rte_hash_count(c->others.hash) != 2 * c->others.n)
		return say("keys of pairs are lost", c->others.n);
	if (!dependents_are_counted(c))
		return say("mappings of one remote end are miscounted", c->dependents.n);
	if (n_keys != n_ports)
		return say("keys of mappings are lost", n_keys);
	if (cgn_table_n_used(c->table) != n_live + n_limbo)
		return say("entries are lost", cgn_table_n_used(c->table));
	if (c->wheel.n_nodes != n_live)
		return say("timers are lost", c->wheel.n_nodes);
	return true;
}

/* Each contact is found under a mapping that filters by contacts, and is counted once. */
static bool
contacts_are_sound(const struct cgn_box *box)
{
	const struct cgn_control *c = box->control;
	const struct cgn_contacts *t = &c->contacts;
	uint32_t n = 0, held = 0;

	for (uint32_t i = 1; i <= t->capacity; i++) {
		const struct cgn_contact *r = &t->records[i];
		const struct cgn_mapping *m = cgn_table_at(c->table, r->key.mapping);

		if (r->wheel.prev == 0)
			continue;
		n++;
		if (!is_live(box, m) || !(m->filter & CGN_FILTER_CONTACTS) || m->explicit_ref != 0)
			return say("contact of a mapping that has none", i);
		if (cgn_contact_find(t, &r->key) != i)
			return say("contact is not found", i);
	}
	for (uint32_t k = 0; t->capacity > 0 && k < box->dir->n_tenants; k++)
		held += t->of_tenants[k];
	if (held != n)
		return say("contacts of tenants are miscounted", held);
	held = 0;
	for (uint32_t k = 0; t->capacity > 0 && k < box->dir->n_inside; k++)
		held += t->of_holders[k];
	if (held != n || n != t->n_used)
		return say("contacts are miscounted", held);
	return n == c->contact_wheel.n_nodes ? true : say("timers of contacts are lost", n);
}

/* What control keeps up to date with each mapping and each reload, counted anew. */
static bool
rooms_are_sound(const struct cgn_box *box)
{
	const struct cgn_control *c = box->control;
	uint64_t used = 0, owed = 0, asked = 0, asked_owed = 0;

	if (!cgn_switch_is_over(&c->change))
		return true;
	for (uint32_t t = 0; t < box->dir->n_tenants; t++) {
		bool live = cgn_directory_tenant_live(box->dir, t);
		uint32_t min = live ? box->dir->tenants[t].conf->quota.tenant.mappings : 0;
		uint32_t min_asked = live ? box->dir->tenants[t].conf->quota.tenant.explicit_min
					  : 0;
		uint32_t n = cgn_use_total(&c->tenants[t]);
		uint32_t n_asked = c->tenants[t].explicit_mappings;

		if (c->promises[t].mappings != min || c->promises[t].explicit_mappings != min_asked)
			return say("a promise is not what the directory says", t);
		used += n;
		owed += n < min ? min - n : 0;
		asked += n_asked;
		asked_owed += n_asked < min_asked ? min_asked - n_asked : 0;
	}
	if (c->mapping_room.used != used || c->mapping_room.owed != owed)
		return say("the room for mappings is miscounted", c->mapping_room.owed);
	if (c->explicit_room.used != asked || c->explicit_room.owed != asked_owed)
		return say("the room for explicit mappings is miscounted", c->explicit_room.owed);
	return true;
}

bool
audit_is_sound(const struct cgn_box *box)
{
	const struct cgn_control *c = box->control;
	struct cgn_use *subscribers = calloc(box->dir->n_inside, sizeof(*subscribers));
	struct cgn_use *tenants = calloc(box->dir->n_tenants, sizeof(*tenants));
	uint32_t n_live = 0;
	uint32_t *n_pairs = calloc(box->dir->n_inside, sizeof(*n_pairs));
	bool ok = subscribers != NULL && tenants != NULL && n_pairs != NULL;

	for (uint32_t i = 1; ok && i <= c->table->capacity; i++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, i);

		if (!is_live(box, m))
			continue;
		n_live++;
		subscribers[cgn_directory_holder(box->dir, m->inside)]
			.mappings[cgn_mapping_space(m)]++;
		tenants[m->tenant].mappings[cgn_mapping_space(m)]++;
		n_pairs[cgn_directory_holder(box->dir, m->inside)] += m->proto == CGN_OTHER;
		ok = mapping_is_sound(box, i);
	}
	for (uint32_t i = 0; ok && i < box->dir->n_inside; i++)
		ok = cgn_others_of(&c->others, i) == n_pairs[i] ||
			say("pairs of a subscriber are miscounted", i);
	ok = ok && slots_are_sound(box, n_live) && use_is_sound(box, subscribers, tenants) &&
		counts_are_sound(box, n_live) && rooms_are_sound(box) && contacts_are_sound(box) &&
		pool_is_consistent(c->pool);
	free(subscribers);
	free(tenants);
	free(n_pairs);
	return ok;
}

/* FNV-1a over whole words, with what is left at the end. */
static uint64_t
mix(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
		hash ^= hash >> 29;
	}
	for (; size > 0; size--)
		hash = (hash ^ *p++) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t
mix_counters(uint64_t hash, const struct cgn_counters *c)
{
	for (uint32_t t = 0; t < c->n_tenants; t++)
		hash = mix(hash, &c->fates[(uint64_t)t * CGN_N_FATES], CGN_N_FATES * 8);
	return mix(hash, &c->fates[(uint64_t)CGN_TENANT_BOX * CGN_N_FATES], CGN_N_FATES * 8);
}

uint64_t
audit_fingerprint(const struct cgn_box *box)
{
	const struct cgn_control *c = box->control;
	const struct cgn_pool *pool = c->pool;
	const struct cgn_directory *dir = box->dir;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	h = mix(h, &box->dp.dir, sizeof(box->dp.dir));
	h = mix(h, &box->dir, sizeof(box->dir));
	h = mix(h, &box->conf, sizeof(box->conf));
	h = mix(h, &c->change, sizeof(c->change));
	h = mix(h, c->table->entries, (c->table->last + (size_t)1) * sizeof(*c->table->entries));
	h = mix(h, &c->table->n_free, sizeof(c->table->n_free));
	h = mix(h, c->subscribers, dir->n_inside * sizeof(*c->subscribers));
	h = mix(h, c->tenants, dir->n_tenants * sizeof(*c->tenants));
	h = mix(h, c->promises, dir->n_tenants * sizeof(*c->promises));
	h = mix(h, c->epochs, dir->n_tenants * sizeof(*c->epochs));
	h = mix(h, &c->mapping_room, sizeof(c->mapping_room));
	h = mix(h, &c->explicit_room, sizeof(c->explicit_room));
	h = mix(h, pool->addrs, dir->n_pool * sizeof(*pool->addrs));
	h = mix(h, pool->use, dir->n_tenants * sizeof(*pool->use));
	h = mix(h, c->neigh->entries, cgn_neigh_n(c->neigh) * sizeof(*c->neigh->entries));
	h = mix(h, c->neigh->ctl, cgn_neigh_n(c->neigh) * sizeof(*c->neigh->ctl));
	for (uint16_t w = 0; w < box->dp.n_workers; w++)
		h = mix_counters(h, &box->workers[w].counters);
	return mix_counters(h, &c->counters);
}

bool
audit_follows_directory(const struct cgn_box *box)
{
	const struct cgn_control *c = box->control;
	const struct cgn_neigh_table *neigh = c->neigh;

	for (uint32_t i = 1; i <= c->table->capacity; i++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, i);

		if (is_live(box, m) &&
			(!cgn_directory_inside_live(box->dir, m->inside) ||
				m->neigh != cgn_directory_inside_neigh(box->dir, m->inside)))
			return say("mapping leads to an old next hop", i);
	}
	for (uint32_t i = 0; i < cgn_neigh_n(neigh); i++)
		if (neigh->ctl[i].state != CGN_NEIGH_UNKNOWN &&
			!cgn_directory_neigh_live(box->dir, i))
			return say("neighbour of a link that is gone", i);
	return true;
}

bool
audit_is_empty(const struct cgn_box *box)
{
	if (cgn_table_n_used(box->control->table) != 0)
		return say("table is not empty", cgn_table_n_used(box->control->table));
	if (box->control->neigh->n_held != 0)
		return say("packets are held", box->control->neigh->n_held);
	return audit_is_sound(box) && pool_is_untouched(box->control->pool);
}

uint64_t
audit_seed(const char *test)
{
	const char *text = getenv("CGN_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	printf("%s: CGN_SEED=%llu\n", test, (unsigned long long)seed);
	fflush(stdout);
	return seed;
}
