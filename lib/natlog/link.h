/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to one collector or syslog server, for collector.c and syslog_target.c: a socket that
 * never blocks, of any transport that the log has. Log thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "conf.h"
#include "err.h"

enum cgn_link_kind { CGN_LINK_UDP, CGN_LINK_TCP, CGN_LINK_TLS, CGN_LINK_LOCAL };

struct cgn_tls;

struct cgn_link {
	enum cgn_link_kind kind;
	struct sockaddr_storage to;
	socklen_t to_len;
	const char *transport;
	char where[112];                /* address:port, or path */
	char name[128];                 /* for the daemon's own log */
	struct cgn_conf_collector conf; /* of TLS */
	struct cgn_tls *tls;            /* NULL: not yet */
	int fd;                         /* -1: closed */
	bool is_open;                   /* it takes messages */
	struct cgn_errmsg why;          /* it failed the last time */
};

/*
 * port: where it has none, port, or tls_port over TLS. path: of a LOCAL
 * one. Nothing is opened yet.
 */
void cgn_link_init_at(struct cgn_link *link, const struct cgn_conf_collector *conf, uint16_t port,
	uint16_t tls_port);
void cgn_link_init_local(struct cgn_link *link, const char *path);

static inline bool
cgn_link_is_stream(const struct cgn_link *link)
{
	return link->kind == CGN_LINK_TCP || link->kind == CGN_LINK_TLS;
}

/* Begins to open a closed one. 0 or negative errno; then it is closed again. */
int cgn_link_begin(struct cgn_link *link);

/* Goes on with that: 1 when it is open, 0 when that takes time, negative errno when it failed; the
 * caller closes it. */
int cgn_link_go_on(struct cgn_link *link);

/*
 * A datagram, or part of a stream: bytes that were taken, or negative errno. -EAGAIN: the same
 * bytes, or more behind them, are for later. What failed else is for the caller to close.
 */
ssize_t cgn_link_send(struct cgn_link *link, const void *data, size_t len);

/* Datagrams: how many of the first were taken, at least 1, or negative errno of the first. */
int cgn_link_send_many(struct cgn_link *link, struct mmsghdr *msgs, uint32_t n);

/* 0, or negative errno: the other end has gone, or said that it refuses. */
int cgn_link_look(struct cgn_link *link);

/* Is an error of sending only for now? */
bool cgn_link_is_busy(int error);

/* What the caller closes it for took too long: that is why. */
void cgn_link_time_out(struct cgn_link *link);

/* Closed ones are accepted. */
void cgn_link_close(struct cgn_link *link);
