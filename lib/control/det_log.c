/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of deterministic ports; see det_log.h. Called by loop.c and directory_switch.c. */
#include "det_log.h"

#include <stdio.h>
#include <string.h>

#include "control.h"
#include "deterministic.h"

enum { DAY_S = 86400, RECORDS_A_TURN = 4 };

void
cgn_det_log_block(struct cgn_control *c, const struct cgn_block *block, bool is_leased)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t first = block->first_granule * (uint32_t)CGN_GRANULE_PORTS;
	char text[CGN_PREFIX_STRLEN] = "-", ports[16];
	struct cgn_event ev;

	if (cgn_directory_inside_live(dir, block->inside)) {
		struct cgn_prefix holder = cgn_directory_subscriber(dir, block->inside);

		if (holder.len == 32)
			cgn_ip4_str(holder.addr, text);
		else
			cgn_prefix_str(holder, text);
	}
	snprintf(ports, sizeof(ports), "%u-%u", first,
		first + block->n_granules * CGN_GRANULE_PORTS - 1u);
	cgn_event_init(&ev, is_leased ? CGN_EVENT_BLOCK_TAKEN : CGN_EVENT_BLOCK_RETURNED);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT,
		cgn_directory_tenant_name(dir, c->pool->addrs[block->pool].tenant));
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_HOLDER, text);
	cgn_event_set_addr(&ev, CGN_EVENT_FIELD_POOL, dir->pool_addrs[block->pool]);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_PORTS, ports);
	cgn_event_record(c, &ev);
}

void
cgn_det_log_init(struct cgn_control *c)
{
	c->det_log.tenant = CGN_NONE;
}

void
cgn_det_log_add(struct cgn_control *c, uint32_t tenant)
{
	struct cgn_det_log *log = &c->det_log;
	uint64_t bit = UINT64_C(1) << tenant % 64;

	if (log->tenant == tenant)
		log->tenant = CGN_NONE; /* it begins anew */
	if (log->due[tenant / 64] & bit)
		return;
	log->due[tenant / 64] |= bit;
	log->n_due++;
}

void
cgn_det_log_end(struct cgn_control *c, const char *tenant)
{
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_DETERMINISTIC);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, tenant);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_A, cgn_det_algorithm_str(CGN_DET_OFF));
	cgn_event_record(c, &ev);
}

static void
add_all(struct cgn_control *c)
{
	const struct cgn_directory *dir = c->dp->dir;

	c->det_log.has_begun = true;
	c->det_log.daily_s = c->now_s;
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t) && dir->tenants[t].det != NULL)
			cgn_det_log_add(c, t);
}

/* Appends a word and a comma before it; false: no room. */
static bool
join(char text[CGN_EVENT_TEXT_LEN], const char *word)
{
	size_t n = strlen(text);

	if (n + 1 + strlen(word) >= CGN_EVENT_TEXT_LEN)
		return false;
	snprintf(text + n, CGN_EVENT_TEXT_LEN - n, "%s%s", n > 0 ? "," : "", word);
	return true;
}

static bool
join_subscribers(char text[CGN_EVENT_TEXT_LEN], const struct cgn_conf_subscribers *s)
{
	char prefix[CGN_PREFIX_STRLEN], word[CGN_PREFIX_STRLEN + 4];

	cgn_prefix_str(s->prefix, prefix);
	if (s->subscriber_mask == 32)
		snprintf(word, sizeof(word), "%s", prefix);
	else
		snprintf(word, sizeof(word), "%s:%u", prefix, s->subscriber_mask);
	return join(text, word);
}

/* These go on where the record before has ended; true: to the end of the list. */
static bool
add_inside(struct cgn_det_log *log, const struct cgn_conf_tenant *conf, char *text)
{
	for (; log->next.attachment < conf->n_attachments;
		log->next.attachment++, log->next.subscribers = 0) {
		const struct cgn_conf_attachment *a = &conf->attachments[log->next.attachment];

		for (; log->next.subscribers < a->n_subscribers; log->next.subscribers++)
			if (!join_subscribers(text, &a->subscribers[log->next.subscribers]))
				return false;
	}
	return true;
}

static bool
add_outside(struct cgn_det_log *log, const struct cgn_conf_tenant *conf, char *text)
{
	for (; log->next.outside < conf->n_pools + conf->n_addresses; log->next.outside++) {
		uint32_t k = log->next.outside;
		char word[CGN_PREFIX_STRLEN + 1], addr[CGN_IP4_STRLEN];

		if (k < conf->n_pools)
			cgn_prefix_str(conf->pools[k].prefix, word);
		else
			snprintf(word, sizeof(word), "!%s",
				cgn_ip4_str(conf->addresses[k - conf->n_pools].outside, addr));
		if (!join(text, word))
			return false;
	}
	return true;
}

static bool
add_reserved(struct cgn_det_log *log, const struct cgn_conf_tenant *conf, char *text)
{
	for (; log->next.reserved < conf->ports.n_reserved + 2; log->next.reserved++) {
		uint32_t k = log->next.reserved;
		struct cgn_port_range range = {.first = 0, .last = conf->ports.first - 1};
		char word[16];

		if (k == 1 && conf->ports.last == UINT16_MAX)
			continue;
		if (k == 1)
			range = (struct cgn_port_range){conf->ports.last + 1, UINT16_MAX};
		else if (k > 1)
			range = conf->ports.reserved[k - 2].range;
		snprintf(word, sizeof(word), range.first == range.last ? "%u" : "%u-%u",
			range.first, range.last);
		if (!join(text, word))
			return false;
	}
	return true;
}

/* One record of the tenant that is under way; true: its last one. */
static bool
record(struct cgn_control *c, const struct cgn_tenant *tenant)
{
	const struct cgn_conf_tenant *conf = tenant->conf;
	char texts[3][CGN_EVENT_TEXT_LEN] = {"", "", ""};
	struct cgn_event ev;
	bool is_last = true;

	cgn_event_init(&ev, CGN_EVENT_DETERMINISTIC);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, conf->name);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_A,
		cgn_det_algorithm_str(conf->ports.deterministic.algorithm));
	if (tenant->det != NULL) {
		cgn_event_set_number(&ev, CGN_EVENT_FIELD_DET_C, tenant->det->ratio);
		cgn_event_set_number(&ev, CGN_EVENT_FIELD_DET_D, conf->ports.deterministic.dynamic);
		cgn_event_set_number(&ev, CGN_EVENT_FIELD_DET_M,
			cgn_det_max_ports(tenant->det, conf->ports.max_blocks));
		is_last = add_inside(&c->det_log, conf, texts[0]);
		is_last = add_outside(&c->det_log, conf, texts[1]) && is_last;
		is_last = add_reserved(&c->det_log, conf, texts[2]) && is_last;
		cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_I, texts[0]);
		cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_O, texts[1]);
		cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_R, texts[2]);
	}
	cgn_event_record(c, &ev);
	return is_last;
}

/* The next tenant that is due is under way. There is one. */
static void
begin(struct cgn_det_log *log)
{
	uint32_t w = 0;

	while (log->due[w] == 0)
		w++;
	log->tenant = w * 64 + (uint32_t)__builtin_ctzll(log->due[w]);
	log->due[w] &= log->due[w] - 1;
	log->n_due--;
	memset(&log->next, 0, sizeof(log->next));
}

uint32_t
cgn_det_log_turn(struct cgn_control *c)
{
	struct cgn_det_log *log = &c->det_log;
	uint32_t n = 0;

	if (!log->has_begun || c->now_s - log->daily_s >= DAY_S)
		add_all(c);
	for (; n < RECORDS_A_TURN && (log->tenant != CGN_NONE || log->n_due > 0); n++) {
		if (log->tenant == CGN_NONE)
			begin(log);
		if (!cgn_directory_tenant_live(c->dp->dir, log->tenant) ||
			record(c, &c->dp->dir->tenants[log->tenant]))
			log->tenant = CGN_NONE;
	}
	return n;
}
