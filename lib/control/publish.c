/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Publish and unlink: the one place where a mapping becomes visible to workers, and where it
 * ceases to be. The entry is complete before this; the index stores its number with release order
 * before the key can be found, the pool's slot is stored with release order after it. in2out comes
 * first: it can fail, and then nobody has seen anything. No answer can arrive before the first
 * packet has left, which is later than both.
 */
#include "control.h"
#include "lifetime.h"

/* 0, or negative: no room, and nobody has seen anything. */
static int
show(struct cgn_control *c, uint32_t i, struct cgn_mapping *m)
{
	const struct cgn_map_key key = {
		.inside = m->inside, .port = m->inside_port, .proto = m->proto};
	int rc = 0;

	if (m->dependent) {
		cgn_share_publish(c, i);
		return 0;
	}
	m->beside = cgn_dependents_at(&c->dependents, &key) > 0;
	rc = m->proto == CGN_OTHER
		? cgn_others_publish(&c->others, i, m, cgn_holder_of(c, m->inside))
		: cgn_table_publish(c->table, i);
	if (rc == 0)
		cgn_pool_publish(c->pool, cgn_mapping_port(m), cgn_mapping_space(m), i);
	return rc;
}

enum cgn_fate
cgn_publish(struct cgn_control *c, uint32_t i)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);
	enum cgn_proto proto = cgn_mapping_space(m);

	if (show(c, i, m) < 0) {
		cgn_unallocate(c, i);
		return CGN_FATE_TABLE_FULL;
	}
	cgn_room_take(&c->mapping_room, cgn_use_total(&c->tenants[m->tenant]),
		cgn_promise_of(c, m->tenant).mappings);
	cgn_use_add(&c->tenants[m->tenant], proto);
	cgn_use_add(&cgn_subscriber_of(c, m->inside)->use, proto);
	cgn_wheel_add(&c->wheel, i,
		cgn_lifetime_check_s(&cgn_conf_of(c, m->tenant)->timeouts, m, c->now_s));
	cgn_natlog_mapping(c, m, CGN_NATLOG_MAPPING_MADE);
	return CGN_FATE_NONE;
}

static void
hide(struct cgn_control *c, uint32_t i, struct cgn_mapping *m, uint32_t rests_until_s)
{
	if (m->dependent) {
		cgn_share_unlink(c, i, rests_until_s);
		return;
	}
	if (m->proto == CGN_OTHER)
		cgn_others_unlink(&c->others, m, cgn_holder_of(c, m->inside));
	else
		cgn_table_unlink(c->table, i);
	cgn_pool_rest(c->pool, cgn_mapping_port(m), cgn_mapping_space(m), rests_until_s);
}

void
cgn_unlink(struct cgn_control *c, uint32_t i)
{
	cgn_unlink_resting(c, i, 0);
}

void
cgn_unlink_resting(struct cgn_control *c, uint32_t i, uint32_t at_least_s)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);
	const struct cgn_conf_timeouts *timeouts = &cgn_conf_of(c, m->tenant)->timeouts;
	enum cgn_proto proto = cgn_mapping_space(m);
	uint32_t rest_s = timeouts->port_rest > at_least_s ? timeouts->port_rest : at_least_s;

	if (m->one_to_one) /* nobody else could get the port */
		rest_s = 0;
	cgn_tcp_sessions_end(c, m);
	if (m->alg)
		cgn_alg_end(c, i);
	if (m->call)
		cgn_pptp_call_end(c, i);
	cgn_contacts_end(c, i);
	cgn_explicit_drop(c, m, rest_s);
	cgn_natlog_mapping(c, m, CGN_NATLOG_MAPPING_ENDED);
	cgn_wheel_del(&c->wheel, i);
	hide(c, i, m, c->now_s + rest_s);
	cgn_use_del(&c->tenants[m->tenant], proto);
	cgn_room_give(&c->mapping_room, cgn_use_total(&c->tenants[m->tenant]),
		cgn_promise_of(c, m->tenant).mappings);
	cgn_use_del(&cgn_subscriber_of(c, m->inside)->use, proto);
	c->table->sides[i].wheel.next = c->open.first;
	c->open.first = i;
	c->open.n++;
}
