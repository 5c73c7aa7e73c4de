/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of blocks, addresses and mappings; see natlog_feed.h. A block keeps whom its lease was
 * told of, since it may outlive its subscriber and its tenant.
 */
#include <netinet/in.h>
#include <string.h>

#include "control.h"
#include "lease.h"

/* --- Blocks --- */

static struct cgn_natlog_record
block_record(const struct cgn_natlog_feed *f, const struct cgn_block *block, enum cgn_natlog_id id)
{
	const struct cgn_natlog_name *name = &f->names[block->told.name];
	struct cgn_natlog_record r = {.id = (uint8_t)id,
		.inside_addr = block->told.inside_addr,
		.outside_addr = block->told.outside_addr,
		.vrf = name->vrf};

	memcpy(r.tenant, name->tenant, sizeof(r.tenant));
	if (id != CGN_NATLOG_BLOCK_LEASED && id != CGN_NATLOG_BLOCK_RETURNED)
		return r;
	r.outside_port = (uint16_t)(block->first_granule * CGN_GRANULE_PORTS);
	r.last_port =
		(uint16_t)((block->first_granule + block->n_granules) * CGN_GRANULE_PORTS - 1);
	return r;
}

static void
put_block(struct cgn_natlog_feed *f, const struct cgn_block *block, enum cgn_natlog_id id,
	uint8_t flags)
{
	struct cgn_natlog_record r = block_record(f, block, id);

	r.flags = flags;
	cgn_natlog_put(f, &r);
}

/* Has its holder no other block on the same address? */
static bool
is_only(const struct cgn_pool *pool, uint32_t b)
{
	const struct cgn_block *block = &pool->blocks[b];
	uint32_t k = pool->subscribers[block->inside].first_block;

	for (; k != CGN_NONE; k = pool->blocks[k].next)
		if (k != b && pool->blocks[k].pool == block->pool)
			return false;
	return true;
}

/* Notes whom the block is told of, if the tenant wants that and all of them exist. */
static bool
name_block(struct cgn_control *c, struct cgn_block *block)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t tenant = c->pool->addrs[block->pool].tenant;

	if (block->is_fixed || !cgn_directory_pool_live(dir, block->pool) ||
		!cgn_directory_tenant_live(dir, tenant) ||
		!cgn_directory_inside_live(dir, block->inside) ||
		!cgn_conf_of(c, tenant)->log.blocks)
		return false;
	block->told.inside_addr = cgn_directory_inside_addr(dir, block->inside);
	block->told.outside_addr = dir->pool_addrs[block->pool];
	block->told.name = cgn_natlog_name(c, tenant);
	return block->told.name != 0;
}

static void
lease_block(struct cgn_control *c, uint32_t b, uint8_t flags)
{
	struct cgn_block *block = &c->pool->blocks[b];

	if (!name_block(c, block))
		return;
	if (!block->is_orphan && is_only(c->pool, b))
		put_block(&c->natlog, block, CGN_NATLOG_ADDRESS_BOUND, flags);
	put_block(&c->natlog, block, CGN_NATLOG_BLOCK_LEASED, flags);
}

void
cgn_natlog_block_change(void *control, uint32_t b, int change)
{
	struct cgn_control *c = control;
	const struct cgn_block *block = &c->pool->blocks[b];

	if (change == CGN_BLOCK_LEASED) {
		lease_block(c, b, c->has_begun ? 0 : CGN_NATLOG_RESTORED);
		return;
	}
	if (block->told.name == 0)
		return;
	if (change == CGN_BLOCK_RETURNED)
		put_block(&c->natlog, block, CGN_NATLOG_BLOCK_RETURNED, 0);
	if (!block->is_orphan && is_only(c->pool, b))
		put_block(&c->natlog, block, CGN_NATLOG_ADDRESS_UNBOUND, 0);
}

bool
cgn_natlog_block(struct cgn_control *c, uint32_t b, bool again)
{
	struct cgn_block *block = &c->pool->blocks[b];

	if (!cgn_block_is_leased(c->pool, b))
		return false;
	if (block->told.name != 0 && !cgn_directory_pool_live(c->dp->dir, block->pool)) {
		/* A reload has taken its address away, and may give it to others. */
		cgn_natlog_block_change(c, b, CGN_BLOCK_RETURNED);
		block->told.name = 0;
	} else if (block->told.name == 0)
		lease_block(c, b, again ? CGN_NATLOG_AGAIN : 0);
	else if (again)
		put_block(&c->natlog, block, CGN_NATLOG_BLOCK_LEASED, CGN_NATLOG_AGAIN);
	return true;
}

/* --- Mappings --- */

static struct cgn_natlog_record
mapping_record(struct cgn_control *c, const struct cgn_mapping *m, enum cgn_natlog_id id)
{
	static const uint8_t ip_protos[] = {
		[CGN_TCP] = IPPROTO_TCP, [CGN_UDP] = IPPROTO_UDP, [CGN_ICMP] = IPPROTO_ICMP};
	struct cgn_natlog_record r = cgn_natlog_of_tenant(c, id, m->tenant);

	r.inside_addr = rte_be_to_cpu_32(m->inside_addr);
	r.inside_port = rte_be_to_cpu_16(m->inside_port);
	r.outside_addr = rte_be_to_cpu_32(m->outside_addr);
	r.outside_port = rte_be_to_cpu_16(m->outside_port);
	r.proto = m->proto == CGN_OTHER ? m->ip_proto : ip_protos[m->proto];
	return r;
}

void
cgn_natlog_mapping(struct cgn_control *c, const struct cgn_mapping *m, enum cgn_natlog_id id)
{
	struct cgn_natlog_record r;

	if (c->natlog.ring == NULL || !cgn_conf_of(c, m->tenant)->log.mappings)
		return;
	r = mapping_record(c, m, id);
	cgn_natlog_put(&c->natlog, &r);
}

static void
put_explicit(struct cgn_control *c, const struct cgn_mapping *m, enum cgn_natlog_id id,
	const struct cgn_explicit *e, uint8_t flags)
{
	struct cgn_natlog_record r = mapping_record(c, m, id);

	r.origin = e->origin;
	r.flags = flags;
	if (cgn_conf_of(c, m->tenant)->log.mappings)
		r.flags |= CGN_NATLOG_DOUBLE;
	cgn_natlog_put(&c->natlog, &r);
}

/* A renewal changes nothing of who has the port. */
void
cgn_natlog_explicit(struct cgn_control *c, const struct cgn_mapping *m,
	const struct cgn_explicit *e, uint8_t flags)
{
	uint8_t *told, was;

	if (c->natlog.ring == NULL || !cgn_conf_of(c, m->tenant)->log.explicit_mappings)
		return;
	told = &c->natlog.origins[m->explicit_ref];
	was = *told;
	*told = (uint8_t)(e->origin + 1);
	if (was != *told)
		put_explicit(c, m,
			was == 0 ? CGN_NATLOG_EXPLICIT_MADE : CGN_NATLOG_EXPLICIT_CHANGED, e,
			flags);
}

void
cgn_natlog_explicit_end(
	struct cgn_control *c, const struct cgn_mapping *m, const struct cgn_explicit *e)
{
	if (c->natlog.ring == NULL || c->natlog.origins[m->explicit_ref] == 0)
		return;
	c->natlog.origins[m->explicit_ref] = 0;
	put_explicit(c, m, CGN_NATLOG_EXPLICIT_ENDED, e, 0);
}

void
cgn_natlog_mapping_again(struct cgn_control *c, const struct cgn_mapping *m)
{
	if (cgn_conf_of(c, m->tenant)->log.mappings) {
		struct cgn_natlog_record r = mapping_record(c, m, CGN_NATLOG_MAPPING_MADE);

		r.flags = CGN_NATLOG_AGAIN;
		cgn_natlog_put(&c->natlog, &r);
	}
	if (m->explicit_ref != 0 && c->natlog.origins[m->explicit_ref] != 0)
		put_explicit(c, m, CGN_NATLOG_EXPLICIT_MADE, &c->explicits.records[m->explicit_ref],
			CGN_NATLOG_AGAIN);
}
