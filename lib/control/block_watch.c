/* SPDX-License-Identifier: BSD-3-Clause */
/* Who hears of blocks that change hands: the record of deterministic ports and the log. */
#include "control.h"

static void
tell(void *control, uint32_t b, enum cgn_block_change change)
{
	struct cgn_control *c = control;
	const struct cgn_block *block = &c->pool->blocks[b];

	if (block->is_dynamic && change != CGN_BLOCK_ORPHANED)
		cgn_det_log_block(c, block, change == CGN_BLOCK_LEASED);
	if (c->natlog.ring != NULL)
		cgn_natlog_block_change(c, b, (int)change);
}

void
cgn_block_watch_init(struct cgn_control *c)
{
	c->pool->watch = (struct cgn_block_watch){.tell = tell, .ctx = c};
}
