/* SPDX-License-Identifier: BSD-3-Clause */
/* Collectors and their queues; see collector.h. */
#include "collector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

enum { PORT = 4739, TLS_PORT = 4740 }; /* RFC 7011 10.3.4 */

int
cgn_lane_init(struct cgn_lane *lane, const struct cgn_conf_collector *collectors,
	uint32_t n_collectors, const struct cgn_conf *conf)
{
	memset(lane, 0, sizeof(*lane));
	lane->queue = malloc(CGN_LANE_QUEUE * sizeof(*lane->queue));
	lane->collectors = calloc(n_collectors, sizeof(*lane->collectors));
	if (lane->queue == NULL || lane->collectors == NULL) {
		cgn_lane_fini(lane);
		return -ENOMEM;
	}
	lane->n_collectors = n_collectors;
	lane->domain = conf->log.domain;
	lane->templates_ms = (uint32_t)conf->log.templates * 1000;
	lane->process = (uint32_t)getpid();
	for (uint32_t i = 0; i < n_collectors; i++)
		cgn_link_init_at(&lane->collectors[i].link, &collectors[i], PORT, TLS_PORT);
	return 0;
}

void
cgn_lane_fini(struct cgn_lane *lane)
{
	for (uint32_t i = 0; lane->collectors != NULL && i < lane->n_collectors; i++)
		cgn_link_close(&lane->collectors[i].link);
	free(lane->collectors);
	free(lane->queue);
	memset(lane, 0, sizeof(*lane));
}

void
cgn_lane_put(struct cgn_lane *lane, const struct cgn_ipfix_message *msg)
{
	struct cgn_ipfix_message *slot =
		&lane->queue[(lane->first + lane->n_queued) % CGN_LANE_QUEUE];

	if (lane->n_queued == CGN_LANE_QUEUE) {
		lane->n_lost += msg->n_records;
		return;
	}
	*slot = *msg;
	lane->n_queued++;
}

void
cgn_lane_lose(struct cgn_lane *lane, uint64_t n)
{
	lane->n_lost += n;
}

/* --- One collector --- */

/* Said once until it is up again; why: in its link. */
static void
fail(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms)
{
	if (!at->complained)
		cgn_warn("log", "collector does not answer %s: %s", at->link.name,
			at->link.why.text);
	at->complained = true;
	cgn_link_close(&at->link);
	at->state = CGN_COLLECTOR_DOWN;
	at->since_ms = now_ms;
	at->n_failures++;
	if (lane->taker == at && cgn_link_is_stream(&at->link))
		at->sent = 0; /* the message starts anew, there or elsewhere */
	if (lane->taker == at)
		lane->taker = NULL;
}

static void
time_out(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms)
{
	cgn_link_time_out(&at->link);
	fail(lane, at, now_ms);
}

static void
begin(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms)
{
	at->sequence = 0;
	at->sent = 0;
	at->state = CGN_COLLECTOR_PROBING;
	at->since_ms = at->progress_ms = now_ms;
	if (cgn_link_begin(&at->link) < 0)
		fail(lane, at, now_ms);
}

/* A whole message by UDP, or at the start of a connection, whose buffer is empty. */
static int
send_now(struct cgn_collector *at, struct cgn_ipfix_message *msg, const struct cgn_lane *lane,
	uint32_t utc_s)
{
	ssize_t n;

	cgn_ipfix_seal(msg, utc_s, at->sequence, lane->domain);
	n = cgn_link_send(&at->link, msg->bytes, msg->len);
	if (n < 0)
		return (int)n;
	at->sequence += msg->n_records;
	at->n_messages++;
	return 0;
}

/* Templates, with what could not be sent so far. */
static int
send_templates(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms, uint32_t utc_s)
{
	struct cgn_ipfix_message msg;
	int rc;

	cgn_ipfix_begin(&msg);
	cgn_ipfix_add_templates(&msg);
	at->since_ms = now_ms;
	rc = send_now(at, &msg, lane, utc_s);
	if (rc < 0)
		return rc;
	cgn_ipfix_begin(&msg);
	cgn_ipfix_add_lost(&msg, lane->process, (uint64_t)utc_s * 1000, lane->n_lost);
	return send_now(at, &msg, lane, utc_s);
}

static void
come_up(struct cgn_collector *at, uint64_t now_ms)
{
	at->state = CGN_COLLECTOR_UP;
	at->progress_ms = now_ms;
	at->complained = false;
	cgn_notice("log", "collector is up %s", at->link.name);
}

/* UDP: templates go out, and it is up unless they are refused. TCP: when it is connected. */
static void
probe(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms, uint32_t utc_s)
{
	const bool is_stream = cgn_link_is_stream(&at->link);
	int rc = cgn_link_go_on(&at->link);

	if (rc == 0) {
		if (now_ms - at->since_ms >= CGN_COLLECTOR_STALL_MS)
			time_out(lane, at, now_ms);
		return;
	}
	if (rc > 0 && (is_stream || at->sequence == 0)) {
		rc = send_templates(lane, at, now_ms, utc_s);
		if (rc == 0 && is_stream)
			come_up(at, now_ms);
	} else if (rc > 0 && now_ms - at->since_ms >= CGN_COLLECTOR_PROBE_MS)
		come_up(at, now_ms);
	if (rc < 0)
		fail(lane, at, now_ms);
}

static void
collector_turn(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms, uint32_t utc_s)
{
	int rc = 0;

	switch (at->state) {
	case CGN_COLLECTOR_DOWN:
		if (at->n_failures == 0 || now_ms - at->since_ms >= CGN_COLLECTOR_RETRY_MS)
			begin(lane, at, now_ms);
		break;
	case CGN_COLLECTOR_PROBING:
		probe(lane, at, now_ms, utc_s);
		break;
	default:
		rc = cgn_link_look(&at->link);
		if (rc == 0 && !cgn_link_is_stream(&at->link) &&
			now_ms - at->since_ms >= lane->templates_ms)
			rc = send_templates(lane, at, now_ms, utc_s);
		if (rc < 0 && !cgn_link_is_busy(-rc)) /* else next time */
			fail(lane, at, now_ms);
		break;
	}
}

/* --- The queue --- */

/* The next message is sealed for the first collector that is up. */
static bool
take_next(struct cgn_lane *lane, uint64_t now_ms, uint32_t utc_s)
{
	for (uint32_t i = 0; i < lane->n_collectors && lane->taker == NULL; i++)
		if (lane->collectors[i].state == CGN_COLLECTOR_UP)
			lane->taker = &lane->collectors[i];
	if (lane->taker == NULL || lane->n_queued == 0) {
		lane->taker = NULL;
		return false;
	}
	lane->at_hand = lane->queue[lane->first];
	cgn_ipfix_seal(&lane->at_hand, utc_s, lane->taker->sequence, lane->domain);
	lane->taker->sent = 0;
	lane->taker->progress_ms = now_ms;
	return true;
}

/* Part of what is at hand, or all of it. False when no more is taken now. */
static bool
send_part(struct cgn_lane *lane, uint64_t now_ms)
{
	struct cgn_collector *at = lane->taker;
	ssize_t n = cgn_link_send(
		&at->link, lane->at_hand.bytes + at->sent, (size_t)lane->at_hand.len - at->sent);

	if (n < 0 && cgn_link_is_busy((int)-n)) {
		if (now_ms - at->progress_ms >= CGN_COLLECTOR_STALL_MS)
			time_out(lane, at, now_ms);
		return false;
	}
	if (n < 0) {
		fail(lane, at, now_ms);
		return false;
	}
	at->sent = (uint16_t)(at->sent + n);
	at->progress_ms = now_ms;
	if (at->sent < lane->at_hand.len)
		return true;
	at->sequence += lane->at_hand.n_records;
	at->n_records += lane->at_hand.n_records;
	at->n_messages++;
	lane->first = (lane->first + 1) % CGN_LANE_QUEUE;
	lane->n_queued--;
	lane->taker = NULL;
	return true;
}

/* What was lost is told as soon as there is room again. */
static void
tell_lost(struct cgn_lane *lane, uint32_t utc_s)
{
	struct cgn_ipfix_message msg;

	if (lane->n_lost == lane->lost_told || lane->n_queued > CGN_LANE_QUEUE / 2)
		return;
	cgn_ipfix_begin(&msg);
	cgn_ipfix_add_lost(&msg, lane->process, (uint64_t)utc_s * 1000, lane->n_lost);
	cgn_warn("log", "records lost on the way to collectors records=%llu",
		(unsigned long long)(lane->n_lost - lane->lost_told));
	for (uint32_t i = 0; i < lane->n_collectors; i++) /* their gap says the same (LOG-01) */
		lane->collectors[i].sequence += (uint32_t)(lane->n_lost - lane->lost_told);
	lane->lost_told = lane->n_lost;
	cgn_lane_put(lane, &msg);
}

void
cgn_lane_turn(struct cgn_lane *lane, uint64_t now_ms, uint32_t utc_s)
{
	for (uint32_t i = 0; i < lane->n_collectors; i++)
		collector_turn(lane, &lane->collectors[i], now_ms, utc_s);
	tell_lost(lane, utc_s);
	while (lane->taker != NULL || take_next(lane, now_ms, utc_s))
		if (!send_part(lane, now_ms))
			return;
}
