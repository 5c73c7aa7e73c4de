/* SPDX-License-Identifier: BSD-3-Clause */
/* What the handlers share: naming things, pages, and asking control. Telemetry threads. */
#include "show.h"

#include <time.h>

#include <errno.h>
#include <string.h>

#include "clock.h"

enum { PAGE_MS = 50 }; /* a sparse list answers with what it has found by then */

bool
cgn_show_tenant_find(struct cgn_show *show, uint32_t *tenant)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_TENANT);

	*tenant = CGN_NONE;
	if (v == NULL)
		return true;
	*tenant = cgn_directory_tenant_find(show->box->dir, v->text);
	if (*tenant == CGN_NONE)
		cgn_reply_error(show->reply, "tenant", "no tenant is called '%s'", v->text);
	return *tenant != CGN_NONE;
}

/* An inside index of the subscriber that has just this prefix, or CGN_NONE. */
static uint32_t
find_prefix(const struct cgn_directory *dir, uint32_t tenant, struct cgn_prefix prefix)
{
	const struct cgn_range *range = cgn_range_map_next(
		&dir->tenants[tenant].subscribers, cgn_prefix_first(prefix));
	struct cgn_prefix found;
	uint32_t addr, inside;

	if (range == NULL || range->first > cgn_prefix_last(prefix))
		return CGN_NONE;
	addr = range->first > cgn_prefix_first(prefix) ? range->first : cgn_prefix_first(prefix);
	inside = range->value + (addr - range->origin);
	found = cgn_directory_subscriber(dir, inside);
	return found.len == prefix.len && found.addr == cgn_prefix_first(prefix) ? inside
										 : CGN_NONE;
}

bool
cgn_show_inside_find(struct cgn_show *show, enum cgn_param_id id, uint32_t tenant, uint32_t *inside)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, id);
	const char *name = cgn_param_infos[id].name;

	*inside = CGN_NONE;
	if (v == NULL)
		return true;
	if (tenant == CGN_NONE) {
		cgn_reply_error(show->reply, name,
			"needs tenant=NAME too: tenants may use the same addresses");
		return false;
	}
	*inside = v->number == 32
		? cgn_directory_inside_find(show->box->dir, tenant, v->addr)
		: find_prefix(show->box->dir, tenant,
			  (struct cgn_prefix){.addr = v->addr, .len = (uint8_t)v->number});
	if (*inside == CGN_NONE)
		cgn_reply_error(show->reply, name,
			"%s is not assigned to a subscriber of tenant '%s'", v->text,
			cgn_directory_tenant_name(show->box->dir, tenant));
	return *inside != CGN_NONE;
}

bool
cgn_show_port_find(struct cgn_show *show, uint32_t *port)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_PORT);
	const struct cgn_conf *conf = show->box->conf;

	*port = CGN_NONE;
	if (v == NULL)
		return true;
	for (uint32_t p = 0; p < conf->n_ports; p++) {
		if (strcmp(conf->ports[p].name, v->text) == 0)
			*port = p;
	}
	if (*port == CGN_NONE)
		cgn_reply_error(show->reply, "port", "no port is called '%s'", v->text);
	return *port != CGN_NONE;
}

bool
cgn_show_worker_find(struct cgn_show *show, uint32_t *worker)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_WORKER);

	*worker = CGN_NONE;
	if (v == NULL)
		return true;
	if (v->number < show->box->dp.n_workers) {
		*worker = (uint32_t)v->number;
		return true;
	}
	cgn_reply_error(show->reply, "worker", "there is no worker %s; they are 0 to %d", v->text,
		show->box->dp.n_workers - 1);
	return false;
}

bool
cgn_show_is_true(const struct cgn_show *show, enum cgn_param_id id)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, id);

	return v != NULL && v->number != 0;
}

uint64_t
cgn_show_cursor(const struct cgn_show *show)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_CURSOR);

	return v != NULL ? v->number : 0;
}

uint32_t
cgn_show_limit(const struct cgn_show *show)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_LIMIT);

	return v != NULL ? (uint32_t)v->number : CGN_REPLY_MAX_ROWS;
}

bool
cgn_show_row_end(struct cgn_show *show, uint64_t at, uint64_t after)
{
	show->next = after;
	if (!cgn_reply_row_end(show->reply)) {
		show->next = at;
		return false;
	}
	return show->reply->n_rows < cgn_show_limit(show);
}

void
cgn_show_inside(struct cgn_show *show, const char *name, uint32_t inside)
{
	const struct cgn_directory *dir = show->box->dir;

	if (cgn_directory_inside_live(dir, inside))
		cgn_reply_ip4(show->reply, name, cgn_directory_inside_addr(dir, inside));
	else
		cgn_reply_str(show->reply, name, "-");
}

const char *
cgn_show_subscriber_str(const struct cgn_show *show, uint32_t inside, char *buf)
{
	struct cgn_prefix prefix = cgn_directory_subscriber(show->box->dir, inside);

	return prefix.len == 32 ? cgn_ip4_str(prefix.addr, buf) : cgn_prefix_str(prefix, buf);
}

void
cgn_show_subscriber_of(struct cgn_show *show, const char *name, uint32_t inside)
{
	char text[CGN_PREFIX_STRLEN] = "-";

	if (cgn_directory_inside_live(show->box->dir, inside))
		cgn_show_subscriber_str(show, inside, text);
	cgn_reply_str(show->reply, name, text);
}

bool
cgn_show_ask(struct cgn_show *show, cgn_request_fn fn, void *arg, size_t size)
{
	int rc = cgn_request_call(&show->box->control->requests, fn, arg, size);

	if (rc == -EBUSY)
		cgn_reply_error(show->reply, "", "too many requests at one time; try again");
	else if (rc < 0)
		cgn_reply_error(
			show->reply, "", "the control core did not answer: %s", strerror(-rc));
	return rc == 0;
}

void
cgn_show_walk(struct cgn_show *show, const struct cgn_walk *walk)
{
	const cgn_ns_t until = cgn_clock_now() + PAGE_MS * CGN_NS_PER_MS;
	const uint32_t limit = cgn_show_limit(show);

	walk->query->cursor = cgn_show_cursor(show);
	do {
		walk->query->limit = limit - show->reply->n_rows;
		if (!cgn_show_ask(show, walk->fn, walk->query, walk->size))
			return;
		for (uint32_t i = 0; i < walk->query->n; i++) {
			uint64_t at;

			cgn_reply_row_begin(show->reply);
			at = walk->row(show, walk->query, i);
			if (!cgn_reply_row_end(show->reply)) {
				show->next = at;
				return;
			}
		}
	} while (
		walk->query->cursor != 0 && show->reply->n_rows < limit && cgn_clock_now() < until);
	show->next = walk->query->cursor;
}

const struct cgn_counters *
cgn_show_counters(const struct cgn_show *show, uint32_t worker, uint32_t i)
{
	const struct cgn_box *box = show->box;

	if (worker != CGN_NONE)
		return i == 0 ? &box->workers[worker].counters : NULL;
	if (i < box->dp.n_workers)
		return &box->workers[i].counters;
	return i == box->dp.n_workers ? &box->control->counters : NULL;
}

void
cgn_show_time(struct cgn_reply *r, const char *name, uint64_t utc_s)
{
	time_t t = (time_t)utc_s;
	char text[32];
	struct tm tm;

	if (utc_s == 0) {
		cgn_reply_str(r, name, "-");
		return;
	}
	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	cgn_reply_str(r, name, text);
}
