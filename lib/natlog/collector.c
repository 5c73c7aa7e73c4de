/* SPDX-License-Identifier: BSD-3-Clause */
/* Collectors and their queues; see collector.h. */
#include "collector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipaddr.h"
#include "log.h"

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
		lane->collectors[i] = (struct cgn_collector){.fd = -1,
			.is_tcp = collectors[i].protocol == CGN_TRANSPORT_TCP,
			.to = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(collectors[i].address),
				.sin_port = htons(collectors[i].port)}};
	return 0;
}

void
cgn_lane_fini(struct cgn_lane *lane)
{
	for (uint32_t i = 0; lane->collectors != NULL && i < lane->n_collectors; i++)
		if (lane->collectors[i].fd >= 0)
			close(lane->collectors[i].fd);
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

static void
tell(struct cgn_collector *at, const char *what, int error)
{
	char addr[CGN_IP4_STRLEN];

	cgn_log(error != 0 ? CGN_LOG_WARNING : CGN_LOG_NOTICE, "log",
		"collector %s address=%s port=%u protocol=%s%s%s", what,
		cgn_ip4_str(ntohl(at->to.sin_addr.s_addr), addr), ntohs(at->to.sin_port),
		at->is_tcp ? "tcp" : "udp", error != 0 ? ": " : "",
		error != 0 ? strerror(error) : "");
}

/* Said once until it is up again. */
static void
fail(struct cgn_lane *lane, struct cgn_collector *at, int error, uint64_t now_ms)
{
	if (!at->complained)
		tell(at, "does not answer", error);
	at->complained = true;
	if (at->fd >= 0)
		close(at->fd);
	at->fd = -1;
	at->state = CGN_COLLECTOR_DOWN;
	at->since_ms = now_ms;
	at->n_failures++;
	if (lane->taker == at && at->is_tcp)
		at->sent = 0; /* the message starts anew, there or elsewhere */
	if (lane->taker == at)
		lane->taker = NULL;
}

static void
open_socket(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms)
{
	int type = (at->is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;

	at->fd = socket(AF_INET, type, 0);
	at->sequence = 0;
	at->sent = 0;
	at->state = CGN_COLLECTOR_PROBING;
	at->since_ms = at->progress_ms = now_ms;
	if (at->fd < 0 ||
		(connect(at->fd, (const struct sockaddr *)&at->to, sizeof(at->to)) < 0 &&
			errno != EINPROGRESS))
		fail(lane, at, errno, now_ms);
}

/* The error that waits at the socket, or 0. */
static int
pending_error(const struct cgn_collector *at)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(at->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? errno : error;
}

/* TCP: is it connected? */
static bool
is_connected(const struct cgn_collector *at)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	return getpeername(at->fd, (struct sockaddr *)&peer, &len) == 0;
}

/* A whole message by UDP, or at the start of a TCP connection, whose buffer is empty. */
static int
send_now(struct cgn_collector *at, struct cgn_ipfix_message *msg, const struct cgn_lane *lane,
	uint32_t utc_s)
{
	cgn_ipfix_seal(msg, utc_s, at->sequence, lane->domain);
	if (send(at->fd, msg->bytes, msg->len, MSG_NOSIGNAL) < 0)
		return errno;
	at->sequence += msg->n_records;
	at->n_messages++;
	return 0;
}

/* Templates, with what could not be sent so far. */
static int
send_templates(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms, uint32_t utc_s)
{
	struct cgn_ipfix_message msg;
	int error;

	cgn_ipfix_begin(&msg);
	cgn_ipfix_add_templates(&msg);
	at->since_ms = now_ms;
	error = send_now(at, &msg, lane, utc_s);
	if (error != 0)
		return error;
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
	tell(at, "is up", 0);
}

/* UDP: templates go out, and it is up unless they are refused. TCP: when it is connected. */
static void
probe(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms, uint32_t utc_s)
{
	int error = pending_error(at);

	if (error == 0 && at->is_tcp && !is_connected(at)) {
		if (now_ms - at->since_ms >= CGN_COLLECTOR_STALL_MS)
			fail(lane, at, ETIMEDOUT, now_ms);
		return;
	}
	if (error == 0 && (at->is_tcp || at->sequence == 0)) {
		error = send_templates(lane, at, now_ms, utc_s);
		if (error == 0 && at->is_tcp)
			come_up(at, now_ms);
	} else if (error == 0 && now_ms - at->since_ms >= CGN_COLLECTOR_PROBE_MS)
		come_up(at, now_ms);
	if (error != 0)
		fail(lane, at, error, now_ms);
}

/* A TCP connection whose other end has gone says so when it is read. */
static int
look_for_end(const struct cgn_collector *at)
{
	char byte;
	ssize_t n = recv(at->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	if (n == 0)
		return at->is_tcp ? ECONNRESET : 0;
	return n < 0 && errno != EAGAIN && errno != EINTR ? errno : 0;
}

static void
collector_turn(struct cgn_lane *lane, struct cgn_collector *at, uint64_t now_ms, uint32_t utc_s)
{
	int error = 0;

	switch (at->state) {
	case CGN_COLLECTOR_DOWN:
		if (at->n_failures == 0 || now_ms - at->since_ms >= CGN_COLLECTOR_RETRY_MS)
			open_socket(lane, at, now_ms);
		break;
	case CGN_COLLECTOR_PROBING:
		probe(lane, at, now_ms, utc_s);
		break;
	default:
		error = look_for_end(at);
		if (error == 0 && !at->is_tcp && now_ms - at->since_ms >= lane->templates_ms)
			error = send_templates(lane, at, now_ms, utc_s);
		if (error == EAGAIN)
			error = 0; /* next time */
		if (error != 0)
			fail(lane, at, error, now_ms);
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
	ssize_t n = send(at->fd, lane->at_hand.bytes + at->sent,
		(size_t)lane->at_hand.len - at->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)) {
		if (now_ms - at->progress_ms >= CGN_COLLECTOR_STALL_MS)
			fail(lane, at, ETIMEDOUT, now_ms);
		return false;
	}
	if (n < 0) {
		fail(lane, at, errno, now_ms);
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
