/* SPDX-License-Identifier: BSD-3-Clause */
/* Handler about RADIUS accounting requests: how they ended, by client. Telemetry threads. */
#include "radius.h"
#include "show.h"

static void
add_count(struct cgn_show *show, const struct cgn_radius_settings *settings,
	const struct cgn_radius_client *client, uint32_t counter, uint64_t n)
{
	const struct cgn_accounting_result_info *result =
		&cgn_accounting_results[counter % CGN_N_ACCOUNTING_RESULTS];
	char prefix[CGN_PREFIX_STRLEN];

	cgn_reply_row_begin(show->reply);
	cgn_reply_str(show->reply, "tenant", settings->tenants[client->tenant].name);
	cgn_reply_str(show->reply, "client", cgn_prefix_str(client->prefix, prefix));
	cgn_reply_str(
		show->reply, "kind", cgn_accounting_kind_names[counter / CGN_N_ACCOUNTING_RESULTS]);
	cgn_reply_str(show->reply, "result", result->name);
	cgn_reply_u64(show->reply, "requests", n);
	cgn_reply_str(show->reply, "answered", result->is_answered ? "yes" : "no");
	cgn_reply_str(show->reply, "severity", cgn_severity_str(result->severity));
	cgn_reply_str(show->reply, "meaning", result->sentence);
}

/* Cursor: client * counters + counter. */
static void
add_counts(struct cgn_show *show, const struct cgn_radius_settings *settings, uint32_t tenant)
{
	const uint64_t end = (uint64_t)settings->n_clients * CGN_N_ACCOUNTING_COUNTERS;
	const bool all = cgn_show_is_true(show, CGN_PARAM_ALL);

	for (uint64_t i = cgn_show_cursor(show); i < end; i++) {
		const struct cgn_radius_client *client =
			&settings->clients[i / CGN_N_ACCOUNTING_COUNTERS];
		uint32_t counter = (uint32_t)(i % CGN_N_ACCOUNTING_COUNTERS);
		uint64_t n = cgn_counter_read(&client->counts[counter]);

		if ((n == 0 && !all) ||
			(tenant != CGN_NONE && settings->tenants[client->tenant].number != tenant))
			continue;
		add_count(show, settings, client, counter, n);
		if (!cgn_show_row_end(show, i, i + 1 < end ? i + 1 : 0))
			return;
	}
	show->next = 0;
}

void
cgn_show_radius(struct cgn_show *show)
{
	struct cgn_radius *radius = show->box->radius;
	uint32_t tenant;

	if (!cgn_show_tenant_find(show, &tenant))
		return;
	if (radius == NULL) { /* a box without the thread: nobody has told anything */
		cgn_reply_u64(show->reply, "sessions", 0);
		cgn_reply_u64(show->reply, "unknown_clients", 0);
		cgn_reply_u64(show->reply, "served", 0);
		cgn_reply_u64(show->reply, "served_us", 0);
		cgn_reply_u64(show->reply, "longest_us", 0);
		return;
	}
	pthread_mutex_lock(&radius->lock);
	cgn_reply_u64(show->reply, "sessions", cgn_counter_read(&radius->n_sessions));
	cgn_reply_u64(show->reply, "unknown_clients", cgn_counter_read(&radius->unknown_clients));
	cgn_reply_u64(show->reply, "served", cgn_counter_read(&radius->n_served));
	cgn_reply_u64(show->reply, "served_us", cgn_counter_read(&radius->served_us));
	cgn_reply_u64(show->reply, "longest_us", cgn_counter_read(&radius->longest_us));
	add_counts(show, radius->settings, tenant);
	pthread_mutex_unlock(&radius->lock);
}
