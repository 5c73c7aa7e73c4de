/* SPDX-License-Identifier: BSD-3-Clause */
/* Handler of talkers. Telemetry threads. */
#include "show.h"

static uint64_t
talkers_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_talker_row *row = &((const struct cgn_query_talkers *)query)->rows[i];
	const struct cgn_directory *dir = show->box->dir;
	const struct cgn_subscriber *sub = &row->of.sub;
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "tenant",
		cgn_directory_tenant_name(
			dir, dir->ifaces[cgn_directory_run_at(dir, row->of.inside)->iface].tenant));
	cgn_show_subscriber_of(show, "address", row->of.inside);
	cgn_reply_str(r, "id", cgn_show_id_str(show, row->of.inside, row->of.id));
	cgn_reply_u64(r, "out_bytes", row->bytes[CGN_IN2OUT]);
	cgn_reply_u64(r, "in_bytes", row->bytes[CGN_OUT2IN]);
	cgn_reply_u64(r, "mappings", cgn_use_total(&sub->use));
	if (sub->n_blocks > 0 && cgn_directory_pool_live(dir, sub->pool))
		cgn_reply_ip4(r, "outside", dir->pool_addrs[sub->pool]);
	else
		cgn_reply_str(r, "outside", "-");
	return row->at;
}

void
cgn_show_talkers(struct cgn_show *show)
{
	struct cgn_query_talkers q = {.q.n = 0};
	const struct cgn_walk walk = {
		.fn = cgn_query_talkers, .query = &q.q, .size = sizeof(q), .row = talkers_row};

	if (cgn_show_tenant_find(show, &q.q.tenant))
		cgn_show_walk(show, &walk);
}
