/* SPDX-License-Identifier: BSD-3-Clause */
/* Syslog servers and their queues; see syslog_target.h. */
#include "syslog_target.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipaddr.h"
#include "log.h"

enum { LEN_LEN = sizeof(uint32_t), COUNT_LEN = 12 };

static int
init(struct cgn_syslog_target *at, enum cgn_syslog_transport transport)
{
	memset(at, 0, sizeof(*at));
	at->fd = -1;
	at->transport = transport;
	at->queue = malloc(CGN_SYSLOG_QUEUE);
	return at->queue != NULL ? 0 : -ENOMEM;
}

int
cgn_syslog_init_at(struct cgn_syslog_target *at, enum cgn_syslog_transport transport, uint32_t addr,
	uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(addr), .sin_port = htons(port)};
	char text[CGN_IP4_STRLEN];
	int rc = init(at, transport);

	memcpy(&at->to, &to, sizeof(to));
	at->to_len = sizeof(to);
	snprintf(at->name, sizeof(at->name), "address=%s port=%u protocol=%s",
		cgn_ip4_str(addr, text), port, transport == CGN_SYSLOG_TCP ? "tcp" : "udp");
	return rc;
}

int
cgn_syslog_init_local(struct cgn_syslog_target *at, const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int rc = init(at, CGN_SYSLOG_LOCAL);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	memcpy(&at->to, &to, sizeof(to));
	at->to_len = sizeof(to);
	snprintf(at->name, sizeof(at->name), "socket=%.100s", path);
	return rc;
}

void
cgn_syslog_fini(struct cgn_syslog_target *at)
{
	if (at->queue == NULL)
		return; /* was never made */
	if (at->fd >= 0)
		close(at->fd);
	free(at->queue);
	memset(at, 0, sizeof(*at));
	at->fd = -1;
}

/* --- The queue --- */

static void
copy_in(struct cgn_syslog_target *at, const void *data, uint32_t len)
{
	uint32_t where = (at->first + at->used) % CGN_SYSLOG_QUEUE;
	uint32_t n = len < CGN_SYSLOG_QUEUE - where ? len : CGN_SYSLOG_QUEUE - where;

	memcpy(at->queue + where, data, n);
	memcpy(at->queue, (const uint8_t *)data + n, len - n);
	at->used += len;
}

static void
copy_out(const struct cgn_syslog_target *at, uint32_t offset, void *data, uint32_t len)
{
	uint32_t where = (at->first + offset) % CGN_SYSLOG_QUEUE;
	uint32_t n = len < CGN_SYSLOG_QUEUE - where ? len : CGN_SYSLOG_QUEUE - where;

	memcpy(data, at->queue + where, n);
	memcpy((uint8_t *)data + n, at->queue, len - n);
}

void
cgn_syslog_put(struct cgn_syslog_target *at, const char *text, size_t len)
{
	const uint32_t n = (uint32_t)len;

	if (LEN_LEN + n > CGN_SYSLOG_QUEUE - at->used) {
		at->n_lost++;
		return;
	}
	copy_in(at, &n, LEN_LEN);
	copy_in(at, text, n);
}

uint64_t
cgn_syslog_lost(struct cgn_syslog_target *at)
{
	uint64_t n = at->n_lost - at->n_lost_told;

	if (at->used > CGN_SYSLOG_QUEUE / 2)
		return 0;
	at->n_lost_told = at->n_lost;
	return n;
}

/* The first message as it goes out, into buf of CGN_SYSLOG_MAX + COUNT_LEN; 0: there is none. */
static uint32_t
look_first(const struct cgn_syslog_target *at, char *buf)
{
	uint32_t len, n = 0;

	if (at->used == 0)
		return 0;
	copy_out(at, 0, &len, LEN_LEN);
	if (at->transport == CGN_SYSLOG_TCP)
		n = (uint32_t)snprintf(buf, COUNT_LEN, "%u ", len);
	copy_out(at, LEN_LEN, buf + n, len);
	return n + len;
}

static void
drop_first(struct cgn_syslog_target *at)
{
	uint32_t len;

	copy_out(at, 0, &len, LEN_LEN);
	at->first = (at->first + LEN_LEN + len) % CGN_SYSLOG_QUEUE;
	at->used -= LEN_LEN + len;
	at->sent = 0;
}

/* --- The socket --- */

static void
fail(struct cgn_syslog_target *at, int error)
{
	if (!at->complained)
		cgn_warn("log", "syslog server does not answer %s: %s", at->name, strerror(error));
	at->complained = true;
	if (at->fd >= 0)
		close(at->fd);
	at->fd = -1;
	at->is_connected = false;
	at->sent = 0; /* the message starts anew */
	at->n_failures++;
}

static void
open_socket(struct cgn_syslog_target *at, uint64_t now_ms)
{
	int type = (at->transport == CGN_SYSLOG_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
		SOCK_NONBLOCK;

	if (at->has_tried && now_ms - at->tried_ms < CGN_SYSLOG_RETRY_MS)
		return;
	at->has_tried = true;
	at->tried_ms = at->progress_ms = now_ms;
	at->fd = socket(at->to.ss_family, type, 0);
	if (at->fd < 0 ||
		(connect(at->fd, (const struct sockaddr *)&at->to, at->to_len) < 0 &&
			errno != EINPROGRESS))
		fail(at, errno);
}

static void
finish_connect(struct cgn_syslog_target *at, uint64_t now_ms)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), error_len = sizeof(int);
	int error = 0;

	if (getsockopt(at->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		error = errno;
	if (error == 0 && getpeername(at->fd, (struct sockaddr *)&peer, &len) < 0) {
		if (now_ms - at->progress_ms >= CGN_SYSLOG_STALL_MS)
			fail(at, ETIMEDOUT);
		return;
	}
	if (error != 0) {
		fail(at, error);
		return;
	}
	at->is_connected = true;
	at->progress_ms = now_ms;
	if (at->complained)
		cgn_notice("log", "syslog server answers again %s", at->name);
	at->complained = false;
}

/* A server that closes the connection says so when it is read. */
static bool
is_closed(const struct cgn_syslog_target *at)
{
	char byte;

	return at->transport == CGN_SYSLOG_TCP &&
		recv(at->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* False when nothing more is taken now. */
static bool
send_first(struct cgn_syslog_target *at, uint64_t now_ms)
{
	char buf[CGN_SYSLOG_MAX + COUNT_LEN];
	uint32_t len = look_first(at, buf);
	ssize_t n = len == 0 ? 0 : send(at->fd, buf + at->sent, len - at->sent, MSG_NOSIGNAL);

	if (len == 0)
		return false;
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)) {
		if (now_ms - at->progress_ms >= CGN_SYSLOG_STALL_MS)
			fail(at, ETIMEDOUT);
		return false;
	}
	if (n < 0 && errno == EMSGSIZE) { /* the local socket takes less than one event */
		at->n_lost++;
		drop_first(at);
		return true;
	}
	if (n < 0) {
		fail(at, errno);
		return false;
	}
	at->progress_ms = now_ms;
	at->sent += (uint32_t)n;
	if (at->sent == len) {
		drop_first(at);
		at->n_sent++;
	}
	return true;
}

void
cgn_syslog_turn(struct cgn_syslog_target *at, uint64_t now_ms)
{
	if (at->fd < 0)
		open_socket(at, now_ms);
	if (at->fd >= 0 && !at->is_connected)
		finish_connect(at, now_ms);
	if (at->is_connected && is_closed(at))
		fail(at, ECONNRESET);
	if (at->used == 0)
		at->progress_ms = now_ms;
	while (at->is_connected && send_first(at, now_ms))
		;
}
