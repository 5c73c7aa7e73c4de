/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers about tenants and subscribers. Telemetry threads. */
#include <stdio.h>

#include "show.h"

static uint64_t
tenant_fate(const struct cgn_show *show, uint32_t tenant, enum cgn_fate fate)
{
	return cgn_box_fate(show->box, tenant, fate);
}

static uint64_t
tenant_bytes(const struct cgn_show *show, uint32_t tenant, enum cgn_dir dir)
{
	const struct cgn_counters *c;
	uint64_t sum = 0;

	for (uint32_t i = 0; (c = cgn_show_counters(show, CGN_NONE, i)) != NULL; i++)
		sum += cgn_counter_read(&c->forwarded_bytes[(uint64_t)tenant * 2 + dir]);
	return sum;
}

/* Hairpins that a tenant's subscribers have got. */
static uint64_t
tenant_hairpins(const struct cgn_show *show, uint32_t tenant)
{
	const struct cgn_counters *c;
	uint64_t sum = 0;

	for (uint32_t i = 0; (c = cgn_show_counters(show, CGN_NONE, i)) != NULL; i++)
		sum += cgn_counter_read(&c->hairpin_pkts[tenant]);
	return sum;
}

static void
add_traffic(struct cgn_show *show, uint32_t tenant)
{
	struct cgn_reply *r = show->reply;

	cgn_reply_u64(r, "in2out_packets",
		tenant_fate(show, tenant, CGN_FATE_IN2OUT) +
			tenant_fate(show, tenant, CGN_FATE_HAIRPIN) +
			tenant_fate(show, tenant, CGN_FATE_BYPASS_OUT));
	cgn_reply_u64(r, "in2out_bytes", tenant_bytes(show, tenant, CGN_IN2OUT));
	cgn_reply_u64(r, "out2in_packets",
		tenant_fate(show, tenant, CGN_FATE_OUT2IN) + tenant_hairpins(show, tenant) +
			tenant_fate(show, tenant, CGN_FATE_BYPASS_IN));
	cgn_reply_u64(r, "out2in_bytes", tenant_bytes(show, tenant, CGN_OUT2IN));
}

static void
add_use(struct cgn_reply *r, const struct cgn_use *use)
{
	cgn_reply_u64(r, "mappings", cgn_use_total(use));
	cgn_reply_u64(r, "tcp", use->mappings[CGN_TCP]);
	cgn_reply_u64(r, "udp", use->mappings[CGN_UDP]);
	cgn_reply_u64(r, "icmp", use->mappings[CGN_ICMP]);
	cgn_reply_u64(r, "explicit", use->explicit_mappings);
	cgn_reply_u64(r, "peak", use->peak);
	cgn_reply_u64(r, "made", use->made);
	cgn_reply_u64(r, "refused", use->refused);
}

static void
add_pool(struct cgn_reply *r, const struct cgn_tenant *tenant, const struct cgn_pool_use *pool)
{
	cgn_reply_u64(r, "addresses", tenant->n_pool);
	cgn_reply_u64(r, "addresses_with_room", pool->n_avail);
	cgn_reply_u64(r, "blocks", pool->blocks);
	cgn_reply_u64(r, "blocks_peak", pool->blocks_peak);
	cgn_reply_u64(r, "blocks_max", pool->n_blocks);
}

static uint64_t
tenants_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_query_tenants *q = (const struct cgn_query_tenants *)query;
	uint32_t t = q->rows[i].tenant;
	const struct cgn_tenant *tenant = &show->box->dir->tenants[t];

	cgn_reply_str(show->reply, "tenant", tenant->conf->name);
	add_use(show->reply, &q->rows[i].use);
	cgn_reply_u64(
		show->reply, "mappings_max", cgn_conf_mappings_max(&tenant->conf->quota.tenant));
	cgn_reply_u64(show->reply, "explicit_max", tenant->conf->quota.tenant.explicit_mappings);
	cgn_reply_u64(show->reply, "subscribers", tenant->n_subscribers);
	add_pool(show->reply, tenant, &q->rows[i].pool);
	cgn_reply_u64(show->reply, "block_ports", tenant->conf->ports.block_size);
	add_traffic(show, t);
	cgn_show_time(show->reply, "peak_time", q->rows[i].peak_utc_s);
	cgn_reply_u64(show->reply, "ports_peak", q->rows[i].pool.busy_peak.n);
	cgn_show_time(show->reply, "ports_peak_time", q->rows[i].busy_peak_utc_s);
	cgn_show_time(show->reply, "blocks_peak_time", q->rows[i].blocks_peak_utc_s);
	cgn_show_fragments_of_tenant(show, t);
	return t;
}

void
cgn_show_tenants(struct cgn_show *show)
{
	struct cgn_query_tenants q = {.q.tenant = CGN_NONE};
	const struct cgn_walk walk = {
		.fn = cgn_query_tenants, .query = &q.q, .size = sizeof(q), .row = tenants_row};

	cgn_show_walk(show, &walk);
}

static void
add_dscp(struct cgn_reply *r, const char *name, uint32_t dscp)
{
	if (dscp == CGN_LIMIT_UNSET)
		cgn_reply_str(r, name, "-");
	else
		cgn_reply_fmt(r, name, "%u", dscp);
}

static void
add_tenant_conf(struct cgn_reply *r, const struct cgn_conf_tenant *conf)
{
	static const char *const filterings[] = {
		"endpoint_independent", "address_dependent", "address_and_port_dependent"};
	static const char *const ip_options[] = {[CGN_IP_OPTIONS_PASS] = "pass",
		[CGN_IP_OPTIONS_CLEAR] = "clear",
		[CGN_IP_OPTIONS_DROP] = "drop"};

	cgn_reply_u64(r, "mappings_min", conf->quota.tenant.mappings);
	cgn_reply_u64(r, "explicit_min", conf->quota.tenant.explicit_min);
	cgn_reply_u64(r, "tcp_sessions", conf->quota.tenant.tcp_sessions);
	cgn_reply_u64(r, "weight", conf->quota.tenant.weight);
	cgn_reply_u64(r, "mappings_max", cgn_conf_mappings_max(&conf->quota.tenant));
	cgn_reply_u64(r, "explicit_max", conf->quota.tenant.explicit_mappings);
	cgn_reply_u64(r, "new_per_s_max", conf->quota.tenant.new_per_s);
	cgn_reply_u64(r, "burst_max", conf->quota.tenant.burst);
	cgn_reply_u64(r, "subscriber_mappings_max", conf->quota.subscriber.mappings);
	cgn_reply_u64(r, "subscriber_tcp_max", conf->quota.subscriber.tcp);
	cgn_reply_u64(r, "subscriber_udp_max", conf->quota.subscriber.udp);
	cgn_reply_u64(r, "subscriber_icmp_max", conf->quota.subscriber.icmp);
	cgn_reply_u64(r, "subscriber_other_max", conf->quota.subscriber.other);
	cgn_reply_u64(r, "subscriber_explicit_max", conf->quota.subscriber.explicit_mappings);
	cgn_reply_u64(r, "subscriber_new_per_s_max", conf->quota.subscriber.new_per_s);
	cgn_reply_u64(r, "subscriber_burst_max", conf->quota.subscriber.burst);
	cgn_reply_u64(r, "subscriber_blocks_max", conf->ports.max_blocks);
	cgn_reply_u64(r, "subscriber_fragments_max", conf->quota.subscriber.fragments);
	cgn_reply_u64(r, "block_ports", conf->ports.block_size);
	cgn_reply_fmt(r, "port_range", "%u-%u", conf->ports.first, conf->ports.last);
	cgn_reply_u64(r, "timeout_udp_s", conf->timeouts.udp);
	cgn_reply_u64(r, "timeout_icmp_s", conf->timeouts.icmp);
	cgn_reply_u64(r, "timeout_other_s", conf->timeouts.other);
	cgn_reply_u64(r, "timeout_tcp_established_s", conf->timeouts.tcp_established);
	cgn_reply_u64(r, "timeout_tcp_opening_s", conf->timeouts.tcp_opening);
	cgn_reply_u64(r, "timeout_tcp_closing_s", conf->timeouts.tcp_closing);
	cgn_reply_u64(r, "port_rest_s", conf->timeouts.port_rest);
	cgn_reply_u64(r, "mss_max", conf->nat.mss_max);
	add_dscp(r, "dscp_out", conf->nat.dscp_out);
	add_dscp(r, "dscp_in", conf->nat.dscp_in);
	cgn_reply_str(r, "ip_options", ip_options[conf->nat.ip_options]);
	cgn_reply_str(r, "tcp_loose", conf->nat.tcp_loose ? "true" : "false");
	cgn_reply_str(r, "inbound_refresh", conf->nat.inbound_refresh ? "true" : "false");
	cgn_reply_str(r, "filtering", filterings[conf->nat.filtering]);
	cgn_reply_u64(r, "contacts_max", conf->quota.tenant.contacts);
}

/* High-water marks and when they were seen. */
static void
add_marks(struct cgn_reply *r, const struct cgn_query_tenant_alarms *alarms)
{
	const struct cgn_alarm *mappings = &alarms->each[CGN_ALARM_MAPPINGS - CGN_N_BOX_ALARMS];
	const struct cgn_alarm *asked = &alarms->each[CGN_ALARM_ASKED - CGN_N_BOX_ALARMS];
	const struct cgn_alarm *blocks = &alarms->each[CGN_ALARM_BLOCKS - CGN_N_BOX_ALARMS];

	cgn_show_time(r, "peak_time", mappings->peak_utc_s);
	cgn_reply_u64(r, "explicit_peak", asked->peak);
	cgn_show_time(r, "explicit_peak_time", asked->peak_utc_s);
	cgn_show_time(r, "blocks_peak_time", blocks->peak_utc_s);
	cgn_reply_u64(r, "subscribers_at_limit",
		alarms->each[CGN_ALARM_SUBSCRIBERS - CGN_N_BOX_ALARMS].value);
}

static void
add_attachment(
	struct cgn_show *show, const struct cgn_conf_attachment *a, const struct cgn_iface *iface)
{
	struct cgn_reply *r = show->reply;
	char text[CGN_PREFIX_STRLEN];

	cgn_reply_str(r, "port", show->box->conf->ports[a->port].name);
	if (a->tags.n == 0)
		cgn_reply_str(r, "tags", "-");
	else if (a->tags.n == 1)
		cgn_reply_fmt(r, "tags", "%u", a->tags.outer);
	else
		cgn_reply_fmt(r, "tags", "%u.%u", a->tags.outer, a->tags.inner);
	cgn_reply_str(r, "address", cgn_prefix_str(a->address, text));
	/* Not the size of the prefixes: the box's own and broadcast addresses are nobody's. */
	cgn_reply_u64(r, "subscribers", iface->n_subscribers);
	cgn_reply_str(r, "binding", a->binding == CGN_BINDING_ACCESS ? "access" : "none");
	cgn_reply_str(r, "requests", iface->unbound ? "refused" : "served");
	cgn_reply_u64(r, "prefixes", a->n_subscribers);
	if (a->n_subscribers > 0)
		cgn_reply_str(r, "prefix", cgn_prefix_str(a->subscribers[0].prefix, text));
}

static void
add_attachments(struct cgn_show *show, uint32_t tenant)
{
	const struct cgn_directory *dir = show->box->dir;
	const struct cgn_conf_tenant *conf = dir->tenants[tenant].conf;

	for (uint64_t i = cgn_show_cursor(show); i < conf->n_attachments; i++) {
		cgn_reply_row_begin(show->reply);
		add_attachment(
			show, &conf->attachments[i], &dir->ifaces[dir->tenants[tenant].ifaces[i]]);
		if (!cgn_show_row_end(show, i, i + 1))
			break;
	}
	if (show->next >= conf->n_attachments)
		show->next = 0;
}

void
cgn_show_tenant(struct cgn_show *show)
{
	struct cgn_query_tenants q = {.q.limit = 1};
	struct cgn_query_tenant_alarms alarms;
	const struct cgn_tenant *tenant;
	uint32_t t;

	if (!cgn_show_tenant_find(show, &t))
		return;
	q.q.cursor = t;
	alarms.tenant = t;
	if (!cgn_show_ask(show, cgn_query_tenants, &q, sizeof(q)) ||
		!cgn_show_ask(show, cgn_query_tenant_alarms, &alarms, sizeof(alarms)))
		return;
	tenant = &show->box->dir->tenants[t];
	cgn_reply_str(show->reply, "tenant", tenant->conf->name);
	add_use(show->reply, &q.rows[0].use);
	cgn_reply_u64(show->reply, "subscribers", tenant->n_subscribers);
	add_pool(show->reply, tenant, &q.rows[0].pool);
	add_traffic(show, t);
	add_marks(show->reply, &alarms);
	cgn_show_fragments_of_tenant(show, t);
	add_tenant_conf(show->reply, tenant->conf);
	add_attachments(show, t);
}

static void
add_subscriber(struct cgn_show *show, const struct cgn_subscriber_row *row)
{
	const struct cgn_subscriber *sub = &row->sub;
	const uint32_t inside = row->inside;
	const struct cgn_directory *dir = show->box->dir;
	uint32_t tenant = dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant;
	struct cgn_class own;
	const struct cgn_class *limits = cgn_class_of(dir, tenant, sub, inside, &own);
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(dir, tenant));
	cgn_show_subscriber_of(show, "address", inside);
	cgn_reply_str(r, "id", cgn_show_id_str(show, inside, row->id));
	cgn_reply_str(r, "class", limits->name[0] != '\0' ? limits->name : "-");
	cgn_show_tags(show, "tags", inside);
	add_use(r, &sub->use);
	cgn_reply_u64(r, "mappings_max", limits->quota.mappings);
	cgn_reply_u64(r, "explicit_max", limits->quota.explicit_mappings);
	/* Its blocks may be on addresses that the tenant has lost, and no other be free. */
	if (sub->n_blocks > 0 && cgn_directory_pool_live(dir, sub->pool))
		cgn_reply_ip4(r, "outside", dir->pool_addrs[sub->pool]);
	else
		cgn_reply_str(r, "outside", "-");
	cgn_reply_u64(r, "blocks", sub->n_blocks);
	cgn_reply_u64(r, "blocks_max", limits->max_blocks);
	cgn_reply_str(r, "last_refusal",
		sub->last_refusal < CGN_N_FATES ? cgn_fates[sub->last_refusal].name : "-");
	cgn_show_fragments_of(show, CGN_IN2OUT, cgn_directory_holder(dir, inside));
	cgn_reply_u64(r, "fragments_max", limits->quota.fragments);
}

static uint64_t
subscribers_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	const struct cgn_query_subscribers *q = (const struct cgn_query_subscribers *)query;

	add_subscriber(show, &q->rows[i]);
	return q->rows[i].inside;
}

void
cgn_show_subscribers(struct cgn_show *show)
{
	struct cgn_query_subscribers q = {.q.n = 0};
	const struct cgn_walk walk = {.fn = cgn_query_subscribers,
		.query = &q.q,
		.size = sizeof(q),
		.row = subscribers_row};

	if (cgn_show_tenant_find(show, &q.q.tenant))
		cgn_show_walk(show, &walk);
}

static uint64_t
busiest_row(struct cgn_show *show, const struct cgn_query *query, uint32_t i)
{
	return cgn_busiest_slot((uint32_t)subscribers_row(show, query, i));
}

void
cgn_show_busiest(struct cgn_show *show)
{
	struct cgn_query_subscribers q = {.q.n = 0};
	const struct cgn_walk walk = {
		.fn = cgn_query_busiest, .query = &q.q, .size = sizeof(q), .row = busiest_row};

	if (cgn_show_tenant_find(show, &q.q.tenant))
		cgn_show_walk(show, &walk);
}

/* Those in force that a row of many has no room for. */
static void
add_limits(struct cgn_show *show, uint32_t tenant, const struct cgn_subscriber_row *row)
{
	struct cgn_class own;
	const struct cgn_class *limits = cgn_class_of(
		show->box->dir, tenant, &row->sub, row->inside, &own);
	struct cgn_reply *r = show->reply;

	cgn_reply_u64(r, "tcp_max", limits->quota.tcp);
	cgn_reply_u64(r, "udp_max", limits->quota.udp);
	cgn_reply_u64(r, "icmp_max", limits->quota.icmp);
	cgn_reply_u64(r, "new_per_s_max", limits->quota.new_per_s);
	cgn_reply_u64(r, "burst_max", limits->quota.burst);
}

void
cgn_show_subscriber(struct cgn_show *show)
{
	struct cgn_query_subscriber q;
	uint32_t tenant;

	if (!cgn_show_tenant_find(show, &tenant) ||
		!cgn_show_inside_find(show, CGN_PARAM_ADDRESS, tenant, &q.inside) ||
		!cgn_show_ask(show, cgn_query_subscriber, &q, sizeof(q)))
		return;
	add_subscriber(show, &q.row);
	add_limits(show, tenant, &q.row);
	cgn_reply_str(show->reply, "listed", cgn_show_is_listed(show, q.inside) ? "yes" : "no");
	cgn_reply_str(show->reply, "session",
		q.row.sub.use.session != 0                                      ? "yes"
			: cgn_directory_wants_session(show->box->dir, q.inside) ? "missing"
										: "none");
	cgn_show_range_of(show, "range", tenant, q.inside);
	cgn_show_blocks_of(show, tenant, q.inside);
}
