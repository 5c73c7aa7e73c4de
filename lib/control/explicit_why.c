/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a request for an explicit mapping was refused, in words and numbers. A refusal changes
 * nothing, so the reason is still there to be read when the rules have spoken; this file decides
 * nothing. Called by explicit.c; control thread.
 */
#include "explicit_rules.h"
#include "port_block.h"

static const struct cgn_conf_tenant *
conf_of(const struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	return c->dp->dir->tenants[ask->tenant].conf;
}

static struct cgn_class
limits_of(const struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	struct cgn_class own;

	return *cgn_class_of(
		c->dp->dir, ask->tenant, cgn_subscriber_of(c, ask->inside), ask->inside, &own);
}

static struct cgn_why
limit_of(const char *text, uint32_t used, uint32_t limit)
{
	return (struct cgn_why){.text = text, .used = used, .limit = limit};
}

static struct cgn_why
subscriber_limit(const struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	const struct cgn_class limits = limits_of(c, ask);
	const struct cgn_conf_quota_subscriber *quota = &limits.quota;
	const struct cgn_use *use = &cgn_subscriber_of(c, ask->inside)->use;
	uint32_t max = ask->proto == CGN_TCP ? quota->tcp : quota->udp;

	if (use->explicit_mappings >= quota->explicit_mappings)
		return limit_of("subscriber's quota of explicit mappings reached",
			use->explicit_mappings, quota->explicit_mappings);
	if (cgn_use_total(use) >= quota->mappings)
		return limit_of("subscriber's quota of mappings reached", cgn_use_total(use),
			quota->mappings);
	if (use->mappings[ask->proto] >= max)
		return limit_of("subscriber's quota of mappings of this protocol reached",
			use->mappings[ask->proto], max);
	return (struct cgn_why){.text = "subscriber's rate of new mappings exceeded"};
}

static struct cgn_why
no_room(const struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	const struct cgn_conf_tenant *conf = conf_of(c, ask);
	const struct cgn_subscriber *sub = cgn_subscriber_of(c, ask->inside);
	const struct cgn_use *use = &c->tenants[ask->tenant];

	if (cgn_drain_refuses(c, ask->tenant))
		return (struct cgn_why){.text = "the operator drains the tenant or the box"};
	if (use->explicit_mappings >= conf->quota.tenant.explicit_mappings)
		return limit_of("tenant's quota of explicit mappings reached",
			use->explicit_mappings, conf->quota.tenant.explicit_mappings);
	if (c->explicits.n_used >= c->explicits.capacity)
		return limit_of("the box has no more records of explicit mappings",
			c->explicits.n_used, c->explicits.capacity);
	if (cgn_room_for(&c->explicit_room, use->explicit_mappings,
		    cgn_promise_of(c, ask->tenant).explicit_mappings) == 0)
		return limit_of(
			"the box's last records of explicit mappings are promised to others",
			c->explicits.n_used, c->explicits.capacity);
	if (cgn_use_total(use) >= cgn_conf_mappings_max(&conf->quota.tenant))
		return limit_of("tenant's quota of mappings reached", cgn_use_total(use),
			cgn_conf_mappings_max(&conf->quota.tenant));
	if (cgn_room_for(&c->mapping_room, cgn_use_total(use),
		    cgn_promise_of(c, ask->tenant).mappings) == 0)
		return limit_of("the box's last mappings are promised to others",
			c->mapping_room.used, c->mapping_room.size);
	if (ask->n_filters > 0 && c->filters.n_used >= c->filters.capacity)
		return limit_of(
			"the box has no more filter sets", c->filters.n_used, c->filters.capacity);
	if (c->table->n_free == 0)
		return limit_of(
			"the box has no more mappings", c->table->capacity, c->table->capacity);
	if (sub->n_blocks >= limits_of(c, ask).max_blocks)
		return limit_of("no free port in the subscriber's port blocks", sub->n_blocks,
			limits_of(c, ask).max_blocks);
	if (c->pool->use[ask->tenant].n_avail == 0 ||
		(sub->n_blocks > 0 && cgn_directory_pool_live(c->dp->dir, sub->pool) &&
			c->pool->addrs[sub->pool].n_free == 0))
		return (struct cgn_why){.text = "no free port block on the outside address"};
	return (struct cgn_why){.text = "tenant's rate of new mappings exceeded"};
}

/* The outside port is in a block of the subscriber's own; free is not one of the answers. */
static struct cgn_why
own_port(const struct cgn_control *c, uint32_t chunk, const struct cgn_explicit_ask *ask)
{
	uint32_t bit = ask->suggested_port % CGN_GRANULE_PORTS;
	uint32_t slot = atomic_load_explicit(
		&c->pool->chunks[chunk].slots[ask->proto][bit], memory_order_relaxed);

	if (slot & CGN_SLOT_RESTING)
		return (struct cgn_why){.text = "the suggested port rests after its last use"};
	return (struct cgn_why){
		.text = "the suggested port is of another mapping of this subscriber"};
}

static struct cgn_why
on_port(const struct cgn_control *c, const struct cgn_explicit_ask *ask, uint32_t pool)
{
	const struct cgn_pool_addr *addr = &c->pool->addrs[pool];
	uint32_t granule = ask->suggested_port / CGN_GRANULE_PORTS, chunk;

	if (cgn_granule_reserved(granule, ask->proto) >> (ask->suggested_port % CGN_GRANULE_PORTS) &
		1)
		return (struct cgn_why){.text = "the suggested port is reserved"};
	if (granule < addr->first_granule || granule > addr->last_granule)
		return (struct cgn_why){.text = "the suggested port is not in the tenant's range"};
	chunk = atomic_load_explicit(
		&c->pool->granules[(uint64_t)pool * CGN_GRANULES + granule], memory_order_relaxed);
	if (chunk != 0 &&
		cgn_block_is_of(
			&c->pool->blocks[c->pool->ctl[chunk].block], cgn_holder_of(c, ask->inside)))
		return own_port(c, chunk, ask);
	if (chunk != 0)
		return (struct cgn_why){
			.text = "the suggested port is in another subscriber's port block"};
	return limit_of("the suggested port needs one more port block",
		cgn_subscriber_of(c, ask->inside)->n_blocks, limits_of(c, ask).max_blocks);
}

static struct cgn_why
suggestion(const struct cgn_control *c, const struct cgn_explicit_ask *ask)
{
	uint32_t pool = cgn_subscriber_of(c, ask->inside)->pool;

	if (cgn_explicit_find(c, ask, ask->inside_port) != CGN_MAPPING_NONE)
		return (struct cgn_why){
			.text = "the inside port is mapped to another outside port"};
	if (pool == CGN_NONE)
		return (struct cgn_why){.text = "no free port block on any outside address"};
	if (ask->suggested_addr != 0 && c->dp->dir->pool_addrs[pool] != ask->suggested_addr)
		return (struct cgn_why){
			.text = "the suggested address is not the subscriber's outside address"};
	return on_port(c, ask, pool);
}

struct cgn_why
cgn_explicit_why(const struct cgn_control *c, const struct cgn_explicit_ask *ask,
	enum cgn_explicit_result result)
{
	switch (result) {
	case CGN_EXPLICIT_QUOTA:
		return subscriber_limit(c, ask);
	case CGN_EXPLICIT_NO_PORTS:
		return no_room(c, ask);
	case CGN_EXPLICIT_CANNOT_PROVIDE:
		return suggestion(c, ask);
	case CGN_EXPLICIT_TOO_MANY_FILTERS:
		return limit_of("more filters than a mapping can have; asked for now",
			ask->n_filters, CGN_FILTERS_PER_SET);
	default:
		return (struct cgn_why){0}; /* the protocol says it as well */
	}
}
