/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers about the box as a whole: info, memory, fates, originated. Telemetry threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_malloc.h>

#include "reloader.h"
#include "reserve.h"
#include "show.h"

/* The end of a long path says more than its beginning. */
static const char *
tail(const char *path)
{
	size_t n = strlen(path), max = CGN_REPLY_STRING_LEN - 1;

	return n > max ? path + (n - max) : path;
}

void
cgn_show_info(struct cgn_show *show)
{
	const struct cgn_box *box = show->box;
	struct cgn_reply *r = show->reply;
	struct cgn_conservation law;
	struct cgn_query_box q;
	int64_t difference;

	if (!cgn_show_ask(show, cgn_query_box, &q, sizeof(q)))
		return;
	law = cgn_box_conservation(box);
	difference = (int64_t)(law.received - law.fates - law.held);
	if (difference > INT32_MAX || difference < INT32_MIN)
		difference = difference > 0 ? INT32_MAX : INT32_MIN;
	cgn_reply_str(r, "version", CGN_VERSION);
	cgn_reply_str(r, "config", box->conf->n_files > 0 ? tail(box->conf->files[0]) : "");
	cgn_reply_u64(r, "pid", (uint64_t)getpid());
	cgn_reply_u64(r, "uptime_s", q.uptime_s);
	cgn_reply_u64(r, "tenants", box->dir->conf->n_tenants);
	cgn_reply_u64(r, "subscribers", box->dir->n_subscribers);
	cgn_reply_u64(r, "workers", box->dp.n_workers);
	cgn_reply_u64(r, "mappings", q.mappings);
	cgn_reply_u64(r, "mappings_max", box->conf->table.mappings);
	cgn_reply_u64(r, "explicit", q.explicits);
	cgn_reply_u64(r, "explicit_max", box->conf->table.explicit_mappings);
	cgn_reply_u64(r, "contacts", q.contacts);
	cgn_reply_u64(r, "contacts_max", box->conf->table.contacts);
	cgn_reply_u64(r, "dependent", q.dependent);
	cgn_reply_u64(r, "dependent_max", box->conf->table.dependent);
	cgn_reply_u64(r, "shared_ports", q.shared_ports);
	cgn_reply_u64(r, "limbo", q.limbo);
	cgn_reply_u64(r, "made", q.made);
	cgn_reply_u64(r, "refused", q.refused);
	cgn_reply_u64(r, "expired", q.expired);
	cgn_reply_u64(r, "grace_us_max", q.grace_wait_ns_max / CGN_NS_PER_US);
	cgn_reply_u64(r, "neighbours", q.neighbours);
	cgn_reply_str(r, "journal", q.journal_on ? "on" : "off");
	cgn_reply_u64(r, "journal_written", q.journal_written);
	cgn_reply_u64(r, "journal_resyncs", q.journal_resyncs);
	cgn_reply_u64(r, "journal_waits", q.journal_waits);
	cgn_reply_u64(r, "blocks_restored", q.blocks_restored);
	cgn_reply_u64(r, "blocks_resting", q.blocks_resting);
	cgn_reply_u64(r, "reloads", cgn_reload_n(CGN_RELOAD_APPLIED));
	cgn_reply_u64(r, "reloads_failed",
		cgn_reload_n(CGN_RELOAD_REFUSED) + cgn_reload_n(CGN_RELOAD_BAD));
	cgn_reply_u64(r, "received", law.received);
	cgn_reply_u64(r, "fates", law.fates);
	cgn_reply_u64(r, "held", law.held);
	cgn_reply_i32(r, "difference", (int32_t)difference);
	cgn_reply_u64(r, "mappings_peak", q.alarms[CGN_ALARM_TABLE].peak);
	cgn_show_time(r, "mappings_peak_time", q.alarms[CGN_ALARM_TABLE].peak_utc_s);
	cgn_reply_u64(r, "explicit_peak", q.alarms[CGN_ALARM_EXPLICIT].peak);
	cgn_show_time(r, "explicit_peak_time", q.alarms[CGN_ALARM_EXPLICIT].peak_utc_s);
	cgn_reply_u64(r, "mbufs_peak", q.alarms[CGN_ALARM_MBUFS].peak);
	cgn_show_time(r, "mbufs_peak_time", q.alarms[CGN_ALARM_MBUFS].peak_utc_s);
	cgn_reply_u64(r, "fragments_peak", q.alarms[CGN_ALARM_FRAGMENTS].peak);
	cgn_show_time(r, "fragments_peak_time", q.alarms[CGN_ALARM_FRAGMENTS].peak_utc_s);
	cgn_reply_u64(r, "alarms_active", q.alarms_active);
	cgn_reply_u64(r, "alarms_raised", q.alarms_raised);
	cgn_reply_u64(r, "drains", q.drains);
}

/* The second number of /proc/self/statm, in pages. */
static uint64_t
resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	char line[128] = "", *rest;

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	rest = strchr(line, ' ');
	return rest != NULL ? strtoull(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void
add_heap(struct cgn_reply *r)
{
	uint64_t total = 0, used = 0;

	for (unsigned int i = 0; i < rte_socket_count(); i++) {
		struct rte_malloc_socket_stats stats;

		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats) < 0)
			continue;
		total += stats.heap_totalsz_bytes;
		used += stats.heap_allocsz_bytes;
	}
	cgn_reply_u64(r, "heap_bytes", total);
	cgn_reply_u64(r, "heap_used_bytes", used);
}

/* Records of explicit mappings, filter sets and TCP sessions. */
static void
add_explicits(struct cgn_reply *r, const struct cgn_control *c, const struct cgn_query_box *q)
{
	cgn_reply_u64(r, "explicit", c->explicits.capacity);
	cgn_reply_u64(r, "explicit_used", q->explicits);
	cgn_reply_u64(r, "explicit_bytes",
		(c->explicits.capacity + UINT64_C(1)) * sizeof(*c->explicits.records));
	cgn_reply_u64(r, "filters", c->filters.capacity);
	cgn_reply_u64(r, "filters_used", q->filters);
	cgn_reply_u64(
		r, "filters_bytes", (c->filters.capacity + UINT64_C(1)) * sizeof(*c->filters.sets));
	cgn_reply_u64(r, "tcp_tracked", c->tcp_sessions.capacity);
	cgn_reply_u64(r, "tcp_tracked_used", q->tcp_tracked);
	cgn_reply_u64(r, "tcp_tracked_bytes", cgn_tcp_sessions_bytes(&c->tcp_sessions));
}

static uint64_t
subscribers_bytes(const struct cgn_box *box)
{
	uint64_t sum = cgn_reserve_bytes(box->control->subscribers);

	for (uint16_t i = 0; i < box->dp.n_workers; i++)
		sum += cgn_reserve_bytes(box->workers[i].subscriber_full_at) +
			cgn_reserve_bytes(box->workers[i].request_full_at);
	return sum;
}

void
cgn_show_memory(struct cgn_show *show)
{
	const struct cgn_control *c = show->box->control;
	struct rte_mempool *mp = show->box->mempool;
	struct cgn_reply *r = show->reply;
	struct cgn_query_box q;

	if (!cgn_show_ask(show, cgn_query_box, &q, sizeof(q)))
		return;
	cgn_reply_u64(r, "resident_bytes", resident_bytes());
	add_heap(r);
	cgn_reply_u64(r, "mapping_bytes", sizeof(struct cgn_mapping));
	cgn_reply_u64(
		r, "table_bytes", (c->table->capacity + UINT64_C(1)) * sizeof(struct cgn_mapping));
	cgn_reply_u64(r, "pool_bytes", cgn_pool_bytes(c->pool));
	add_explicits(r, c, &q);
	cgn_reply_u64(r, "subscriber_bytes",
		sizeof(struct cgn_subscriber) + show->box->dp.n_workers * 2 * sizeof(uint64_t));
	cgn_reply_u64(r, "subscribers_bytes", subscribers_bytes(show->box));
	cgn_reply_u64(r, "neighbours_bytes",
		cgn_reserve_bytes(c->neigh->entries) + cgn_reserve_bytes(c->neigh->ctl));
	cgn_reply_u64(r, "buffers", mp->size);
	cgn_reply_u64(r, "buffers_used", rte_mempool_in_use_count(mp));
	cgn_reply_u64(r, "buffer_bytes", mp->header_size + mp->elt_size + mp->trailer_size);
}

static uint64_t
fate_count(const struct cgn_counters *c, enum cgn_fate fate, uint32_t tenant, uint32_t port)
{
	if (port != CGN_NONE)
		return cgn_counter_read(&c->port_fates[(uint64_t)port * CGN_N_FATES + fate]);
	if (tenant != CGN_NONE)
		return cgn_counter_read(&c->fates[(uint64_t)tenant * CGN_N_FATES + fate]);
	return cgn_counters_fate_sum(c, fate);
}

/* "-" is the box itself: packets that belong to no tenant. */
static bool
fates_tenant_find(struct cgn_show *show, uint32_t *tenant)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_TENANT);

	if (v == NULL || strcmp(v->text, "-") != 0)
		return cgn_show_tenant_find(show, tenant);
	*tenant = CGN_TENANT_BOX;
	return true;
}

static void
add_fate(struct cgn_show *show, const char *tenant, enum cgn_fate fate, uint64_t n)
{
	cgn_reply_row_begin(show->reply);
	if (tenant != NULL)
		cgn_reply_str(show->reply, "tenant", tenant);
	cgn_reply_str(show->reply, "fate", cgn_fates[fate].name);
	cgn_reply_u64(show->reply, "packets", n);
	cgn_reply_str(show->reply, "severity", cgn_severity_str(cgn_fates[fate].severity));
	cgn_reply_str(show->reply, "meaning", cgn_fates[fate].sentence);
}

static uint64_t
fate_sum(const struct cgn_show *show, enum cgn_fate fate, uint32_t worker, uint32_t tenant,
	uint32_t port)
{
	const struct cgn_counters *c;
	uint64_t sum = 0;

	for (uint32_t i = 0; (c = cgn_show_counters(show, worker, i)) != NULL; i++)
		sum += fate_count(c, fate, tenant, port);
	return sum;
}

/* Cursor: tenant * fates + fate; the box stands behind the last tenant. */
static void
fates_by_tenant(struct cgn_show *show, uint32_t worker)
{
	const struct cgn_directory *dir = show->box->dir;
	const uint64_t end = ((uint64_t)dir->n_tenants + 1) * CGN_N_FATES;
	const bool all = cgn_show_is_true(show, CGN_PARAM_ALL);

	for (uint64_t i = cgn_show_cursor(show); i < end; i++) {
		enum cgn_fate fate = (enum cgn_fate)(i % CGN_N_FATES);
		uint32_t t = (uint32_t)(i / CGN_N_FATES);
		uint64_t n;

		if (t == dir->n_tenants)
			t = CGN_TENANT_BOX;
		else if (!cgn_directory_tenant_live(dir, t))
			continue;
		n = fate_sum(show, fate, worker, t, CGN_NONE);
		if (n == 0 && !all)
			continue;
		add_fate(show, t == CGN_TENANT_BOX ? "-" : cgn_directory_tenant_name(dir, t), fate,
			n);
		if (!cgn_show_row_end(show, i, i + 1 < end ? i + 1 : 0))
			return;
	}
	show->next = 0;
}

void
cgn_show_fates(struct cgn_show *show)
{
	const bool by_tenant = cgn_show_is_true(show, CGN_PARAM_BY_TENANT);
	uint32_t tenant, worker, port;

	if (!fates_tenant_find(show, &tenant) || !cgn_show_worker_find(show, &worker) ||
		!cgn_show_port_find(show, &port))
		return;
	if (port != CGN_NONE && (tenant != CGN_NONE || by_tenant)) {
		cgn_reply_error(show->reply, "port", "cannot be combined with tenant");
		return;
	}
	if (by_tenant) {
		if (tenant != CGN_NONE)
			cgn_reply_error(show->reply, "by_tenant", "cannot be combined with tenant");
		else
			fates_by_tenant(show, worker);
		return;
	}
	for (uint64_t f = cgn_show_cursor(show); f < CGN_N_FATES; f++) {
		uint64_t sum = fate_sum(show, (enum cgn_fate)f, worker, tenant, port);

		if (sum == 0 && !cgn_show_is_true(show, CGN_PARAM_ALL))
			continue;
		add_fate(show, NULL, (enum cgn_fate)f, sum);
		if (!cgn_show_row_end(show, f, f + 1))
			break;
	}
	if (show->next >= CGN_N_FATES)
		show->next = 0;
}

void
cgn_show_originated(struct cgn_show *show)
{
	const struct cgn_counters *c;
	uint32_t worker;

	if (!cgn_show_worker_find(show, &worker))
		return;
	for (uint64_t k = cgn_show_cursor(show); k < CGN_N_ORIGINATED; k++) {
		uint64_t sum = 0;

		for (uint32_t i = 0; (c = cgn_show_counters(show, worker, i)) != NULL; i++)
			sum += cgn_counter_read(&c->originated[k]);
		cgn_reply_row_begin(show->reply);
		cgn_reply_str(show->reply, "kind", cgn_originated_names[k]);
		cgn_reply_u64(show->reply, "packets", sum);
		if (!cgn_show_row_end(show, k, k + 1 < CGN_N_ORIGINATED ? k + 1 : 0))
			return;
	}
	show->next = 0;
}
