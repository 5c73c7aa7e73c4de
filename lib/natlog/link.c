/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets of collectors and syslog servers; see link.h. */
#include "link.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipaddr.h"
#include "tls.h"

void
cgn_link_init_at(struct cgn_link *link, const struct cgn_conf_collector *conf, uint16_t port,
	uint16_t tls_port)
{
	static const struct {
		enum cgn_link_kind kind;
		const char *name;
	} kinds[] = {[CGN_TRANSPORT_UDP] = {CGN_LINK_UDP, "udp"},
		[CGN_TRANSPORT_TCP] = {CGN_LINK_TCP, "tcp"},
		[CGN_TRANSPORT_TLS] = {CGN_LINK_TLS, "tls"}};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(conf->address)};
	char text[CGN_IP4_STRLEN];

	if (conf->protocol == CGN_TRANSPORT_TLS)
		port = tls_port;
	if (conf->port != 0)
		port = conf->port;
	to.sin_port = htons(port);
	*link = (struct cgn_link){.kind = kinds[conf->protocol].kind,
		.fd = -1,
		.to_len = sizeof(to),
		.transport = kinds[conf->protocol].name,
		.conf = *conf};
	memcpy(&link->to, &to, sizeof(to));
	snprintf(link->where, sizeof(link->where), "%s:%u", cgn_ip4_str(conf->address, text), port);
	snprintf(link->name, sizeof(link->name), "address=%s port=%u protocol=%s",
		cgn_ip4_str(conf->address, text), port, kinds[conf->protocol].name);
}

void
cgn_link_init_local(struct cgn_link *link, const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	*link = (struct cgn_link){
		.kind = CGN_LINK_LOCAL, .fd = -1, .to_len = sizeof(to), .transport = "local"};
	memcpy(&link->to, &to, sizeof(to));
	snprintf(link->where, sizeof(link->where), "%.111s", path);
	snprintf(link->name, sizeof(link->name), "socket=%.100s", path);
}

/* Notes why and returns -error. */
static int
failed(struct cgn_link *link, int error)
{
	cgn_errmsg_set(&link->why, "%s", strerror(error));
	return -error;
}

int
cgn_link_begin(struct cgn_link *link)
{
	int type = (cgn_link_is_stream(link) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
		SOCK_NONBLOCK;
	int rc;

	link->is_open = false;
	link->fd = socket(link->to.ss_family, type, 0);
	if (link->fd >= 0 &&
		(connect(link->fd, (const struct sockaddr *)&link->to, link->to_len) == 0 ||
			errno == EINPROGRESS))
		return 0;
	rc = failed(link, errno);
	cgn_link_close(link);
	return rc;
}

/* Connected: now TLS. */
static int
shake(struct cgn_link *link)
{
	int rc;

	if (link->tls == NULL)
		link->tls = cgn_tls_create(&link->conf, link->fd, &link->why);
	if (link->tls == NULL)
		return -EINVAL;
	rc = cgn_tls_shake(link->tls, &link->why);
	link->is_open = rc > 0;
	return rc;
}

int
cgn_link_go_on(struct cgn_link *link)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), error_len = sizeof(int);
	int error = 0;

	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		error = errno;
	if (error != 0)
		return failed(link, error);
	if (getpeername(link->fd, (struct sockaddr *)&peer, &len) < 0)
		return 0;
	if (link->kind == CGN_LINK_TLS && !link->is_open)
		return shake(link);
	link->is_open = true;
	return 1;
}

ssize_t
cgn_link_send(struct cgn_link *link, const void *data, size_t len)
{
	ssize_t n;

	if (link->tls != NULL)
		return cgn_tls_send(link->tls, data, len, &link->why);
	n = send(link->fd, data, len, MSG_NOSIGNAL);
	return n < 0 ? failed(link, errno) : n;
}

int
cgn_link_send_many(struct cgn_link *link, struct mmsghdr *msgs, uint32_t n)
{
	int sent = sendmmsg(link->fd, msgs, n, MSG_NOSIGNAL);

	return sent < 0 ? failed(link, errno) : sent;
}

int
cgn_link_look(struct cgn_link *link)
{
	char byte;
	ssize_t n;

	if (link->tls != NULL)
		return cgn_tls_look(link->tls, &link->why);
	n = recv(link->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
	if (n == 0 && cgn_link_is_stream(link))
		return failed(link, ECONNRESET);
	return n < 0 && !cgn_link_is_busy(errno) ? failed(link, errno) : 0;
}

bool
cgn_link_is_busy(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS;
}

void
cgn_link_time_out(struct cgn_link *link)
{
	failed(link, ETIMEDOUT);
}

void
cgn_link_close(struct cgn_link *link)
{
	cgn_tls_destroy(link->tls);
	link->tls = NULL;
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	link->is_open = false;
}
