/* SPDX-License-Identifier: BSD-3-Clause */
/* Syslog servers and their queues; see syslog_target.h. */
#include "syslog_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "log.h"

enum {
	COUNT_LEN = 12,
	PORT = 514,      /* RFC 5426 3.3 */
	TLS_PORT = 6514, /* RFC 5425 4.1 */
};

static int
init(struct cgn_syslog_target *at)
{
	memset(at, 0, sizeof(*at));
	at->queue = malloc(CGN_SYSLOG_QUEUE);
	return at->queue != NULL ? 0 : -ENOMEM;
}

int
cgn_syslog_init_at(struct cgn_syslog_target *at, const struct cgn_conf_collector *conf)
{
	int rc = init(at);

	cgn_link_init_at(&at->link, conf, PORT, TLS_PORT);
	return rc;
}

int
cgn_syslog_init_local(struct cgn_syslog_target *at, const char *path)
{
	int rc = init(at);

	cgn_link_init_local(&at->link, path);
	return rc;
}

void
cgn_syslog_fini(struct cgn_syslog_target *at)
{
	if (at->queue == NULL)
		return; /* was never made */
	cgn_link_close(&at->link);
	free(at->queue);
	memset(at, 0, sizeof(*at));
	at->link.fd = -1;
}

/* --- The queue --- */

static uint32_t
place(const struct cgn_syslog_target *at, uint32_t offset)
{
	return (at->first + offset) % CGN_SYSLOG_QUEUE;
}

static void
copy_in(struct cgn_syslog_target *at, const void *data, uint32_t len)
{
	uint32_t where = place(at, at->used);
	uint32_t n = len < CGN_SYSLOG_QUEUE - where ? len : CGN_SYSLOG_QUEUE - where;

	memcpy(at->queue + where, data, n);
	memcpy(at->queue, (const uint8_t *)data + n, len - n);
	at->used += len;
}

/* "LEN " at the end of count; its first byte. */
static const char *
count_str(uint32_t len, char count[COUNT_LEN])
{
	char *c = count + COUNT_LEN;

	*--c = ' ';
	for (; len > 0; len /= 10)
		*--c = (char)('0' + len % 10);
	return c;
}

void
cgn_syslog_put(struct cgn_syslog_target *at, const char *text, size_t len)
{
	char count[COUNT_LEN];
	const char *c = count_str((uint32_t)len, count);
	const uint32_t count_len = (uint32_t)(count + COUNT_LEN - c);

	if (count_len + len > CGN_SYSLOG_QUEUE - at->used) {
		at->n_lost++;
		return;
	}
	copy_in(at, c, count_len);
	copy_in(at, text, (uint32_t)len);
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

/* The length of the message at an offset of the queue, and that of its count before it. */
static uint32_t
len_at(const struct cgn_syslog_target *at, uint32_t offset, uint32_t *count_len)
{
	uint32_t len = 0;

	for (*count_len = 1;; ++*count_len) {
		uint8_t c = at->queue[place(at, offset + *count_len - 1)];

		if (c == ' ')
			return len;
		len = len * 10 + (c - '0');
	}
}

static void
drop_first(struct cgn_syslog_target *at)
{
	uint32_t count_len, len = len_at(at, 0, &count_len) + count_len;

	at->first = place(at, len);
	at->used -= len;
}

/* --- Sending --- */

static void
fail(struct cgn_syslog_target *at)
{
	if (!at->complained)
		cgn_warn("log", "syslog server does not answer %s: %s", at->link.name,
			at->link.why.text);
	at->complained = true;
	cgn_link_close(&at->link);
	at->sent = 0; /* the message starts anew */
	at->n_failures++;
}

static void
time_out(struct cgn_syslog_target *at, uint64_t now_ms)
{
	if (now_ms - at->progress_ms < CGN_SYSLOG_STALL_MS)
		return;
	cgn_link_time_out(&at->link);
	fail(at);
}

static void
open_link(struct cgn_syslog_target *at, uint64_t now_ms)
{
	int rc;

	if (at->link.fd < 0) {
		if (at->has_tried && now_ms - at->tried_ms < CGN_SYSLOG_RETRY_MS)
			return;
		at->has_tried = true;
		at->tried_ms = at->progress_ms = now_ms;
		if (cgn_link_begin(&at->link) < 0) {
			fail(at);
			return;
		}
	}
	rc = cgn_link_go_on(&at->link);
	if (rc < 0)
		fail(at);
	if (rc == 0)
		time_out(at, now_ms);
	if (rc <= 0)
		return;
	at->progress_ms = now_ms;
	if (at->complained)
		cgn_notice("log", "syslog server answers again %s", at->link.name);
	at->complained = false;
}

/* What the queue has before its ring turns round. False when no more is taken now. */
static bool
send_stream(struct cgn_syslog_target *at, uint64_t now_ms)
{
	const uint32_t where = place(at, at->sent);
	const uint32_t left = at->used - at->sent, round = CGN_SYSLOG_QUEUE - where;
	ssize_t n = cgn_link_send(&at->link, at->queue + where, left < round ? left : round);

	if (n < 0 && cgn_link_is_busy((int)-n))
		time_out(at, now_ms);
	else if (n < 0)
		fail(at);
	if (n < 0)
		return false;
	at->progress_ms = now_ms;
	at->sent += (uint32_t)n;
	while (at->used > 0) {
		uint32_t count_len, len = len_at(at, 0, &count_len) + count_len;

		if (at->sent < len)
			break;
		at->sent -= len;
		drop_first(at);
		at->n_sent++;
	}
	return true;
}

/* The first messages as datagrams; a message may begin at the end of the ring and go on at its
 * start. */
static uint32_t
list_first(const struct cgn_syslog_target *at, struct mmsghdr *msgs, struct iovec (*parts)[2])
{
	uint32_t n = 0, offset = 0;

	for (; n < CGN_SYSLOG_BATCH && offset < at->used; n++) {
		uint32_t count_len, len = len_at(at, offset, &count_len);
		uint32_t where = place(at, offset + count_len), round = CGN_SYSLOG_QUEUE - where;

		parts[n][0] = (struct iovec){at->queue + where, len < round ? len : round};
		parts[n][1] = (struct iovec){at->queue, len < round ? 0 : len - round};
		msgs[n] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = parts[n], .msg_iovlen = len > round ? 2 : 1}};
		offset += count_len + len;
	}
	return n;
}

static bool
send_datagrams(struct cgn_syslog_target *at, uint64_t now_ms)
{
	struct iovec parts[CGN_SYSLOG_BATCH][2];
	struct mmsghdr msgs[CGN_SYSLOG_BATCH];
	uint32_t n_listed = list_first(at, msgs, parts);
	int n = cgn_link_send_many(&at->link, msgs, n_listed);

	if (n == -EMSGSIZE) { /* the local socket takes less than one event */
		at->n_lost++;
		drop_first(at);
		return true;
	}
	if (n < 0 && cgn_link_is_busy(-n))
		time_out(at, now_ms);
	else if (n < 0)
		fail(at);
	if (n < 0)
		return false;
	at->progress_ms = now_ms;
	for (int i = 0; i < n; i++)
		drop_first(at);
	at->n_sent += (uint32_t)n;
	return true;
}

void
cgn_syslog_turn(struct cgn_syslog_target *at, uint64_t now_ms)
{
	const bool is_stream = cgn_link_is_stream(&at->link);

	if (!at->link.is_open)
		open_link(at, now_ms);
	if (at->link.is_open && is_stream && cgn_link_look(&at->link) < 0)
		fail(at);
	if (at->used == 0)
		at->progress_ms = now_ms;
	while (at->link.is_open && at->used > 0 &&
		(is_stream ? send_stream(at, now_ms) : send_datagrams(at, now_ms)))
		;
}
