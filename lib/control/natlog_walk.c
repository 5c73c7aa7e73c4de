/* SPDX-License-Identifier: BSD-3-Clause */
/* Telling again what there is, in slices; see natlog_feed.h. Called by cgn_natlog_turn. */
#include "control.h"

enum {
	TELL_SLICE = 64,   /* records; two of each at most, for half of the ring */
	LOOK_SLICE = 1024, /* blocks or mappings that are free: 10 ns each */
};

static void
walk_blocks(struct cgn_control *c, uint32_t *looked, uint32_t *told)
{
	struct cgn_natlog_feed *f = &c->natlog;

	while (f->walk.block < c->pool->n_blocks && *looked < LOOK_SLICE && *told < TELL_SLICE) {
		*told += cgn_natlog_block(c, f->walk.block++, f->walk.has_all);
		++*looked;
	}
}

static void
walk_mappings(struct cgn_control *c, uint32_t *looked, uint32_t *told)
{
	struct cgn_natlog_feed *f = &c->natlog;

	while (f->walk.mapping < c->table->last && *looked < LOOK_SLICE && *told < TELL_SLICE) {
		uint32_t i = ++f->walk.mapping;

		++*looked;
		if (!cgn_is_published(c, i))
			continue;
		cgn_natlog_mapping_again(c, cgn_table_at(c->table, i));
		++*told;
	}
}

void
cgn_natlog_walk(struct cgn_control *c)
{
	struct cgn_natlog_feed *f = &c->natlog;
	uint32_t looked = 0, told = 0;

	walk_blocks(c, &looked, &told);
	if (f->walk.block < c->pool->n_blocks)
		return;
	if (f->walk.has_all) {
		walk_mappings(c, &looked, &told);
		if (f->walk.mapping < c->table->last)
			return;
		cgn_natlog_put(f, &(struct cgn_natlog_record){.id = CGN_NATLOG_SYNCED});
	}
	f->walk.is_on = f->walk.has_all = false;
	f->walk.block = f->walk.mapping = 0;
}
