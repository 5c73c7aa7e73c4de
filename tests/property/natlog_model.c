/* SPDX-License-Identifier: BSD-3-Clause */
/* Replay of the log; see natlog_model.h. */
#include "natlog_model.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease.h"

enum { N_PLACES = 1 << 18 };

void
natlog_model_init(struct natlog_model *model)
{
	*model = (struct natlog_model){.items = calloc(N_PLACES, sizeof(*model->items))};
}

void
natlog_model_fini(struct natlog_model *model)
{
	free(model->items);
}

static uint32_t
hash_of(const struct cgn_natlog_record *r, uint8_t id)
{
	uint64_t x = (uint64_t)r->outside_addr << 32 | (uint32_t)r->outside_port << 16 |
		(uint32_t)r->proto << 8 | id;

	x *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(x >> 40) % N_PLACES;
}

static bool
is_key(const struct cgn_natlog_record *a, const struct cgn_natlog_record *b, uint8_t id)
{
	return a->id == id && a->outside_addr == b->outside_addr &&
		a->outside_port == b->outside_port && a->proto == b->proto;
}

/* What is made under that kind at the record's outside end, or the free place for it. */
static struct natlog_item *
place_of(const struct natlog_model *model, const struct cgn_natlog_record *r, uint8_t id)
{
	uint32_t i = hash_of(r, id);

	while (model->items[i].r.id != 0 && !is_key(&model->items[i].r, r, id))
		i = (i + 1) % N_PLACES;
	return &model->items[i];
}

static void
drop(struct natlog_model *model, struct natlog_item *item)
{
	uint32_t i = (uint32_t)(item - model->items);

	item->r.id = 0;
	model->n_items--;
	/* What stood behind it in its run may have been meant for here. */
	for (i = (i + 1) % N_PLACES; model->items[i].r.id != 0; i = (i + 1) % N_PLACES) {
		struct natlog_item moved = model->items[i];

		model->items[i].r.id = 0;
		*place_of(model, &moved.r, moved.r.id) = moved;
	}
}

static bool
complain(const char *what, const struct cgn_natlog_record *r)
{
	fprintf(stderr, "natlog: %s: number=%llu %s tenant=%s inside=%08x:%u outside=%08x:%u\n",
		what, (unsigned long long)r->number, cgn_natlogs[r->id].name, r->tenant,
		r->inside_addr, r->inside_port, r->outside_addr, r->outside_port);
	return false;
}

static bool
is_owner(const struct cgn_natlog_record *a, const struct cgn_natlog_record *b)
{
	return a->inside_addr == b->inside_addr && a->inside_port == b->inside_port &&
		a->last_port == b->last_port && strcmp(a->tenant, b->tenant) == 0;
}

static bool
make(struct natlog_model *model, const struct cgn_natlog_record *r)
{
	struct natlog_item *item = place_of(model, r, r->id);
	bool again = r->flags & CGN_NATLOG_AGAIN;

	model->n_again += again;
	model->n_restored += (r->flags & CGN_NATLOG_RESTORED) != 0;
	if (item->r.id != 0 && !item->is_doubtful && (!again || !is_owner(&item->r, r)))
		return complain("is there already", r);
	model->n_items += item->r.id == 0;
	*item = (struct natlog_item){.r = *r};
	return true;
}

static bool
end(struct natlog_model *model, const struct cgn_natlog_record *r, uint8_t made)
{
	struct natlog_item *item = place_of(model, r, made);

	if (item->r.id == 0)
		return model->is_after_gap || complain("was never there", r);
	if (!item->is_doubtful && !is_owner(&item->r, r))
		return complain("was another's", r);
	drop(model, item);
	return true;
}

static bool
change(struct natlog_model *model, const struct cgn_natlog_record *r)
{
	struct natlog_item *item = place_of(model, r, CGN_NATLOG_EXPLICIT_MADE);

	if (item->r.id == 0)
		return model->is_after_gap || complain("was never there", r);
	if (!is_owner(&item->r, r))
		return item->is_doubtful || complain("was another's", r);
	item->r.origin = r->origin;
	return true;
}

static void
doubt(struct natlog_model *model)
{
	for (uint32_t i = 0; i < N_PLACES; i++)
		model->items[i].is_doubtful = model->items[i].r.id != 0;
	model->is_after_gap = true;
}

static void
believe(struct natlog_model *model)
{
	for (uint32_t i = 0; i < N_PLACES; i++)
		while (model->items[i].r.id != 0 && model->items[i].is_doubtful)
			drop(model, &model->items[i]);
	model->is_after_gap = false;
	model->n_synced++;
}

/* What was there before is there no more, or is told again. */
static bool
begin(struct natlog_model *model)
{
	memset(model->items, 0, N_PLACES * sizeof(*model->items));
	model->n_items = 0;
	model->n_lost = 0;
	model->is_after_gap = false;
	model->has_begun = true;
	return true;
}

static bool
apply_kind(struct natlog_model *model, const struct cgn_natlog_record *r)
{
	switch (r->id) {
	case CGN_NATLOG_START:
		return begin(model);
	case CGN_NATLOG_GAP:
		model->n_gaps++;
		model->n_lost += r->value;
		doubt(model);
		return r->value > 0;
	case CGN_NATLOG_SYNCED:
		believe(model);
		return true;
	case CGN_NATLOG_BLOCK_LEASED:
	case CGN_NATLOG_MAPPING_MADE:
	case CGN_NATLOG_EXPLICIT_MADE:
		return make(model, r);
	case CGN_NATLOG_EXPLICIT_CHANGED:
		return change(model, r);
	case CGN_NATLOG_BLOCK_RETURNED:
		return end(model, r, CGN_NATLOG_BLOCK_LEASED);
	case CGN_NATLOG_MAPPING_ENDED:
		return end(model, r, CGN_NATLOG_MAPPING_MADE);
	case CGN_NATLOG_EXPLICIT_ENDED:
		return end(model, r, CGN_NATLOG_EXPLICIT_MADE);
	default:
		return true;
	}
}

bool
natlog_model_apply(struct natlog_model *model, const struct cgn_natlog_record *r)
{
	uint64_t lost = r->id == CGN_NATLOG_GAP ? r->value : 0;

	/* Lost records have numbers: nothing is missing without a GAP that says how much. Each run
	 * of the daemon counts from one. */
	if (r->number != (r->id == CGN_NATLOG_START ? 1 : model->number + lost + 1))
		return complain("does not follow the record before it", r);
	model->number = r->number;
	model->n_records++;
	model->n_of[r->id]++;
	if (r->id != CGN_NATLOG_START && !model->has_begun)
		return complain("stands before the start", r);
	return apply_kind(model, r);
}

bool
natlog_model_drain(struct natlog_model *model, struct cgn_natlog_feed *feed)
{
	struct cgn_natlog_record r;
	struct cgn_event event;

	while (cgn_natlog_take(feed, &r, &event))
		if (!natlog_model_apply(model, &r))
			return false;
	return true;
}

/* --- What there is --- */

static bool
has(const struct natlog_model *model, const struct cgn_natlog_record *r)
{
	const struct natlog_item *item = place_of(model, r, r->id);

	if (item->r.id == 0)
		return complain("is there, and the log does not know", r);
	return (is_owner(&item->r, r) && item->r.origin == r->origin) ||
		complain("is there, and the log names another", r);
}

static bool
blocks_equal(const struct natlog_model *model, const struct cgn_control *c, uint32_t *n)
{
	const struct cgn_directory *dir = c->dp->dir;

	for (uint32_t b = 0; b < c->pool->n_blocks; b++) {
		const struct cgn_block *block = &c->pool->blocks[b];
		struct cgn_natlog_record r = {.id = CGN_NATLOG_BLOCK_LEASED};

		if (!cgn_block_is_leased(c->pool, b))
			continue;
		if (!cgn_directory_pool_live(dir, block->pool)) {
			*n += block->told.name != 0; /* it was nobody's from the switch on */
			continue;
		}
		r.outside_addr = dir->pool_addrs[block->pool];
		r.outside_port = (uint16_t)(block->first_granule * CGN_GRANULE_PORTS);
		r.last_port =
			(uint16_t)(r.outside_port + block->n_granules * CGN_GRANULE_PORTS - 1);
		r.inside_addr = cgn_directory_inside_addr(dir, block->inside);
		snprintf(r.tenant, sizeof(r.tenant), "%s",
			cgn_directory_tenant_name(dir, dir->pool_tenants[block->pool]));
		if (!has(model, &r))
			return false;
		++*n;
	}
	return true;
}

static bool
mapping_equals(const struct natlog_model *model, const struct cgn_control *c,
	const struct cgn_mapping *m, uint32_t *n)
{
	static const uint8_t protos[] = {
		[CGN_TCP] = IPPROTO_TCP, [CGN_UDP] = IPPROTO_UDP, [CGN_ICMP] = IPPROTO_ICMP};
	struct cgn_natlog_record r = {.id = CGN_NATLOG_MAPPING_MADE,
		.inside_addr = rte_be_to_cpu_32(m->inside_addr),
		.inside_port = rte_be_to_cpu_16(m->inside_port),
		.outside_addr = rte_be_to_cpu_32(m->outside_addr),
		.outside_port = rte_be_to_cpu_16(m->outside_port),
		.proto = protos[m->proto]};

	snprintf(
		r.tenant, sizeof(r.tenant), "%s", cgn_directory_tenant_name(c->dp->dir, m->tenant));
	if (!has(model, &r))
		return false;
	++*n;
	if (m->explicit_ref == 0)
		return true;
	r.id = CGN_NATLOG_EXPLICIT_MADE;
	r.origin = c->explicits.records[m->explicit_ref].origin;
	++*n;
	return has(model, &r);
}

bool
natlog_model_equals(const struct natlog_model *model, const struct cgn_box *box)
{
	const struct cgn_control *c = box->control;
	uint32_t n = 0;

	if (!blocks_equal(model, c, &n))
		return false;
	for (uint32_t i = 1; i <= c->table->last; i++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, i);

		if (m->inside_addr != 0 &&
			cgn_pool_find(c->pool, m->pool, (enum cgn_proto)m->proto,
				rte_be_to_cpu_16(m->outside_port)) == i &&
			!mapping_equals(model, c, m, &n))
			return false;
	}
	if (n != model->n_items)
		fprintf(stderr, "natlog: the log knows %u items, the box has %u\n", model->n_items,
			n);
	return n == model->n_items;
}
