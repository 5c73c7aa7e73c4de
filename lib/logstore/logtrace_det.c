/* SPDX-License-Identifier: BSD-3-Clause */
/* See logtrace_det.h. What control/det_log.c wrote is made into a tenant's file again, as far as
 * the computation needs it. */
#include "logtrace_det.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deterministic.h"
#include "event_text.h"
#include "logtrace_replay.h"
#include "text.h"

enum { WORD_LEN = 32 };

struct params {
	struct cgn_conf_tenant conf;
	struct cgn_conf_attachment attachment;
	uint32_t n_words; /* of the ports so far */
	bool is_bad;
};

/* Another element of the list, zeroed; NULL: no memory. */
static void *
grow(void **list, uint32_t *n, size_t size)
{
	void *bigger = realloc(*list, (*n + (size_t)1) * size);

	if (bigger == NULL)
		return NULL;
	*list = bigger;
	return memset((uint8_t *)bigger + (*n)++ * size, 0, size);
}

/* --- Words of the lists --- */

/* "100.64.0.0/16" or "100.64.0.0/16:24". */
static bool
add_subscribers(struct params *p, const char *word)
{
	struct cgn_conf_subscribers *s = grow(
		(void **)&p->attachment.subscribers, &p->attachment.n_subscribers, sizeof(*s));
	const char *colon = strchr(word, ':');
	char prefix[WORD_LEN];
	uint64_t mask = 32;

	if (s == NULL)
		return false;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(word, ":"), word);
	if (cgn_prefix_parse(prefix, &s->prefix) < 0 ||
		(colon != NULL && cgn_u64_parse(colon + 1, s->prefix.len, 32, &mask) < 0))
		return false;
	s->subscriber_mask = (uint32_t)mask;
	return true;
}

/* "203.0.113.0/28", or "!203.0.113.9", which belongs to one subscriber. */
static bool
add_outside(struct params *p, const char *word)
{
	struct cgn_conf_own_address *own;
	struct cgn_conf_pool *pool;

	if (word[0] == '!') {
		own = grow((void **)&p->conf.addresses, &p->conf.n_addresses, sizeof(*own));
		return own != NULL && cgn_ip4_parse(word + 1, &own->outside) == 0;
	}
	pool = grow((void **)&p->conf.pools, &p->conf.n_pools, sizeof(*pool));
	return pool != NULL && cgn_prefix_parse(word, &pool->prefix) == 0;
}

/* First the ports below ports.first, then those above ports.last if there are any. */
static bool
add_reserved(struct params *p, const char *word)
{
	struct cgn_conf_port_range *range;
	unsigned int first, last;
	/* NOLINTNEXTLINE(cert-err34-c): five digits fit */
	int n = sscanf(word, "%5u-%5u", &first, &last);

	if (n == 1)
		last = first;
	if (n < 1 || last < first || last > UINT16_MAX)
		return false;
	if (p->n_words++ == 0) {
		p->conf.ports.first = (uint16_t)(last + 1);
		return first == 0 && last < UINT16_MAX;
	}
	if (p->n_words == 2 && last == UINT16_MAX) {
		p->conf.ports.last = (uint16_t)(first - 1);
		return first > 0;
	}
	range = grow((void **)&p->conf.ports.reserved, &p->conf.ports.n_reserved, sizeof(*range));
	if (range != NULL)
		range->range = (struct cgn_port_range){(uint16_t)first, (uint16_t)last};
	return range != NULL;
}

static void
add_words(struct params *p, const struct cgn_event *ev, enum cgn_event_field field,
	bool (*add)(struct params *p, const char *word))
{
	const char *text = cgn_event_value_of(ev, field)->text;
	char word[WORD_LEN];

	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		snprintf(word, sizeof(word), "%.*s", (int)(len < WORD_LEN ? len : WORD_LEN - 1),
			text);
		p->is_bad |= len >= WORD_LEN || !add(p, word);
		text += len + (text[len] == ',');
	}
}

/* --- One tenant --- */

static void
read_numbers(struct params *p, const struct cgn_event *ev)
{
	const char *algorithm = cgn_event_value_of(ev, CGN_EVENT_FIELD_DET_A)->text;

	memset(p, 0, sizeof(*p));
	p->conf.ports.last = UINT16_MAX;
	p->conf.ports.deterministic.algorithm = CGN_DET_OFF;
	for (int a = CGN_DET_SEQUENTIAL; a <= CGN_DET_SPREAD; a++)
		if (strcmp(algorithm, cgn_det_algorithm_str((enum cgn_det_algorithm)a)) == 0)
			p->conf.ports.deterministic.algorithm = (enum cgn_det_algorithm)a;
	p->is_bad = p->conf.ports.deterministic.algorithm == CGN_DET_OFF; /* of another version */
	p->conf.ports.deterministic.ratio =
		(uint32_t)cgn_event_value_of(ev, CGN_EVENT_FIELD_DET_C)->number;
	p->conf.ports.deterministic.dynamic =
		(uint32_t)cgn_event_value_of(ev, CGN_EVENT_FIELD_DET_D)->number;
}

static void
free_params(struct params *p)
{
	free(p->attachment.subscribers);
	free(p->conf.pools);
	free(p->conf.addresses);
	free(p->conf.ports.reserved);
}

static void
add_holder(struct cgn_logtrace_answer *answer, const char *tenant,
	const struct cgn_det_answer *found, uint64_t from)
{
	struct cgn_logtrace_holder h = {.inside_len = found->inside.len,
		.inside = found->inside.addr,
		.outside = found->outside,
		.first = found->first,
		.last = found->last,
		.from = from,
		.is_from_unsure = true}; /* it is told daily, not only when it changes */

	snprintf(h.tenant, sizeof(h.tenant), "%.31s", tenant);
	for (uint32_t i = 0; i < answer->n_holders; i++)
		if (answer->holders[i].kind == 0 && answer->holders[i].inside == h.inside &&
			strcmp(answer->holders[i].tenant, h.tenant) == 0)
			return;
	if (answer->n_holders < CGN_LOGTRACE_HOLDERS)
		answer->holders[answer->n_holders++] = h;
	else
		cgn_replay_note(answer, CGN_LOGTRACE_TOO_MANY, 0, 0, 0);
}

/* 0 or -ENOMEM. */
static int
reverse(struct params *p, const char *tenant, const struct cgn_logtrace_question *q, uint64_t from,
	struct cgn_logtrace_answer *answer)
{
	struct cgn_det_answer found;
	struct cgn_det *det;

	p->conf.attachments = &p->attachment;
	p->conf.n_attachments = 1;
	det = cgn_det_create(&p->conf);
	if (det == NULL)
		return -ENOMEM;
	if (det->range_ports > 0) {
		cgn_det_reverse(det, q->outside, q->port, &found);
		if (found.kind == CGN_DET_RANGE)
			add_holder(answer, tenant, &found, from);
	}
	cgn_det_destroy(det);
	return 0;
}

/* The records from i on are of the tenant, in force at the time. */
static int
compute(const struct cgn_loaded *l, uint32_t i, const struct cgn_logtrace_question *q,
	struct cgn_logtrace_answer *answer)
{
	const uint64_t from = l->dets[i].utc_ms, end = q->utc_ms + q->span_ms;
	const char *tenant = cgn_event_value_of(&l->dets[i], CGN_EVENT_FIELD_TENANT)->text;
	struct params p;
	int rc = 0;

	if (cgn_event_is_det_off(&l->dets[i]))
		return 0;
	read_numbers(&p, &l->dets[i]);
	for (; i < l->n_dets && l->dets[i].utc_ms < end; i++) {
		if (strcmp(cgn_event_value_of(&l->dets[i], CGN_EVENT_FIELD_TENANT)->text, tenant) !=
			0)
			continue;
		add_words(&p, &l->dets[i], CGN_EVENT_FIELD_DET_I, add_subscribers);
		add_words(&p, &l->dets[i], CGN_EVENT_FIELD_DET_O, add_outside);
		add_words(&p, &l->dets[i], CGN_EVENT_FIELD_DET_R, add_reserved);
	}
	if (p.is_bad || p.conf.ports.first > p.conf.ports.last)
		cgn_replay_note(answer, CGN_LOGTRACE_DAMAGED, 1, from, end);
	else
		rc = reverse(&p, tenant, q, from, answer);
	free_params(&p);
	return rc;
}

/* Is it the tenant's last beginning up to the time? */
static bool
is_in_force(const struct cgn_loaded *l, uint32_t i, const struct cgn_logtrace_question *q)
{
	const char *tenant = cgn_event_value_of(&l->dets[i], CGN_EVENT_FIELD_TENANT)->text;
	const uint64_t end = q->utc_ms + q->span_ms;

	if (!cgn_event_begins_det(&l->dets[i]) || l->dets[i].utc_ms >= end)
		return false;
	for (uint32_t k = i + 1; k < l->n_dets; k++)
		if (l->dets[k].utc_ms < end && cgn_event_begins_det(&l->dets[k]) &&
			strcmp(cgn_event_value_of(&l->dets[k], CGN_EVENT_FIELD_TENANT)->text,
				tenant) == 0)
			return false;
	return true;
}

int
cgn_logtrace_det(const struct cgn_loaded *l, const struct cgn_logtrace_question *q,
	struct cgn_logtrace_answer *answer)
{
	for (uint32_t i = 0; i < l->n_dets; i++) {
		int rc = is_in_force(l, i, q) ? compute(l, i, q, answer) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}
