/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS 1.2 and later over a connected socket, for link.c, by GnuTLS (decision 0026): IPFIX over TLS
 * (RFC 7011 10.4, 11) and syslog over TLS (RFC 5425). The files of the configuration are read anew
 * for each connection, so that renewed certificates count from the next one on. Never blocks, makes
 * no signal; one thread has a session.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf.h"
#include "err.h"

struct cgn_tls;

/* Are the files good? 0, or negative errno with *err. Main thread, before the start. */
int cgn_tls_check(const struct cgn_conf_collector *conf, struct cgn_errmsg *err);

/* Begins a session over fd, which stays the caller's. NULL with *err. */
struct cgn_tls *cgn_tls_create(
	const struct cgn_conf_collector *conf, int fd, struct cgn_errmsg *err);

/* Tells the other end, if it still listens. NULL is accepted. */
void cgn_tls_destroy(struct cgn_tls *tls);

/* 1: done; 0: goes on when something comes; negative errno with *err: refused by either end. */
int cgn_tls_shake(struct cgn_tls *tls, struct cgn_errmsg *err);

/* Bytes that were taken, or negative errno with *err. After -EAGAIN the next call has the same
 * bytes first. */
ssize_t cgn_tls_send(struct cgn_tls *tls, const void *data, size_t len, struct cgn_errmsg *err);

/* 0, or negative errno with *err: the other end has closed or refuses. What it says is dropped. */
int cgn_tls_look(struct cgn_tls *tls, struct cgn_errmsg *err);
