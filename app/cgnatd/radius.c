/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The RADIUS thread: a plain thread with the kernel's UDP sockets on the machine's own addresses,
 * never on a port of the box. It takes what is there, 64 datagrams at most, lets lib/radius ask
 * control for the sessions, and sends the answers when control has made them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"
#include "radius.h"
#include "session.h"

enum {
	DATAGRAM_MAX = 4096, /* beyond CGN_RADIUS_MAX: what is cut off is none of the packet */
	/* A second of 5 000 datagrams, each counted as 1.3 KiB and more by the kernel, while
	 * control is busy; what is beyond the access servers repeat. */
	RECEIVE_BUFFER = 8 << 20,
};

/* What main has for the thread: settings, and a socket for each of their listens. */
struct cgn_radius_next {
	struct cgn_radius_settings *settings;
	int *fds; /* [settings->n_listens]; -1: the thread has it already */
};

struct cgn_radius_thread {
	struct cgn_radius *radius;
	pthread_t thread;
	int epoll, wake; /* wake: eventfd, main has something for the thread */
	pthread_mutex_t lock;
	pthread_cond_t taken;
	struct cgn_radius_next *next; /* under lock */
	bool stop;                    /* under lock */
	int *fds;                     /* [radius->settings->n_listens], the thread's */
	struct mmsghdr in[CGN_RADIUS_BATCH], out[CGN_RADIUS_BATCH];
	struct iovec in_iov[CGN_RADIUS_BATCH], out_iov[CGN_RADIUS_BATCH];
	struct sockaddr_in from[CGN_RADIUS_BATCH];
	struct cgn_radius_datagram datagrams[CGN_RADIUS_BATCH];
	uint8_t requests[CGN_RADIUS_BATCH][DATAGRAM_MAX], answers[CGN_RADIUS_BATCH][CGN_RADIUS_MAX];
};

static uint64_t
utc_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int
apply(void *ctx, struct cgn_session_change *changes, uint32_t n)
{
	struct cgn_daemon *d = ctx;

	return cgn_session_apply(&d->box->control->requests, changes, n);
}

/* --- Sockets; main thread --- */

static int
open_listen(const struct cgn_radius_listen *at, struct cgn_errmsg *err)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(at->addr),
		.sin_port = htons(at->port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc;
	const int size = RECEIVE_BUFFER;
	char text[CGN_IP4_STRLEN];

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* as far as allowed */
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	rc = -errno;
	cgn_errmsg_set(err,
		"radius.listen %s port %u cannot be taken: %s; write an address that the machine "
		"has, and a port that no other program uses",
		cgn_ip4_str(at->addr, text), at->port, strerror(-rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* The socket that the thread has for it, or -1. Its list changes only when main says so. */
static int
find_fd(const struct cgn_radius_thread *t, const struct cgn_radius_listen *at)
{
	const struct cgn_radius_settings *s = t != NULL ? t->radius->settings : NULL;

	for (uint32_t i = 0; s != NULL && i < s->n_listens; i++)
		if (s->listens[i].addr == at->addr && s->listens[i].port == at->port)
			return t->fds[i];
	return -1;
}

static int
open_listens(
	struct cgn_radius_next *next, const struct cgn_radius_thread *t, struct cgn_errmsg *err)
{
	const struct cgn_radius_settings *s = next->settings;
	int rc = 0;

	next->fds = malloc((s->n_listens + 1) * sizeof(*next->fds));
	if (next->fds == NULL) {
		cgn_errmsg_set(err, "no memory for the sockets of radius");
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < s->n_listens; i++)
		next->fds[i] = -1;
	for (uint32_t i = 0; i < s->n_listens && rc >= 0; i++) {
		if (find_fd(t, &s->listens[i]) < 0)
			next->fds[i] = rc = open_listen(&s->listens[i], err);
	}
	return rc < 0 ? rc : 0;
}

struct cgn_radius_next *
cgn_radius_prepare(struct cgn_daemon *d, const struct cgn_directory *dir, struct cgn_errmsg *err)
{
	struct cgn_radius_next *next = calloc(1, sizeof(*next));
	int rc = -ENOMEM;

	if (next == NULL) {
		cgn_errmsg_set(err, "no memory for radius");
		errno = ENOMEM;
		return NULL;
	}
	next->settings = cgn_radius_settings_create(dir, err);
	rc = next->settings != NULL ? open_listens(next, d->radius, err) : -errno;
	if (rc == 0)
		return next;
	cgn_radius_drop(next);
	errno = -rc;
	return NULL;
}

void
cgn_radius_drop(struct cgn_radius_next *next)
{
	if (next == NULL)
		return;
	for (uint32_t i = 0; next->fds != NULL && i < next->settings->n_listens; i++)
		if (next->fds[i] >= 0)
			close(next->fds[i]);
	free(next->fds);
	cgn_radius_settings_destroy(next->settings);
	free(next);
}

/* --- The thread --- */

static int
watch(const struct cgn_radius_thread *t, int fd, uint32_t listen)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = listen};

	return epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Sockets of listens that stay are the thread's; the others close. */
static void
adopt(struct cgn_radius_thread *t, struct cgn_radius_next *next)
{
	struct cgn_radius_settings *old = t->radius->settings;

	for (uint32_t i = 0; i < next->settings->n_listens; i++)
		if (next->fds[i] < 0)
			next->fds[i] = dup(find_fd(t, &next->settings->listens[i]));
	for (uint32_t i = 0; i < old->n_listens; i++) {
		epoll_ctl(t->epoll, EPOLL_CTL_DEL, t->fds[i], NULL);
		close(t->fds[i]);
	}
	free(t->fds);
	t->fds = next->fds;
	cgn_radius_adopt(t->radius, next->settings);
	for (uint32_t i = 0; i < t->radius->settings->n_listens; i++)
		if (watch(t, t->fds[i], i) < 0)
			cgn_err("radius", "a socket cannot be watched: %s", strerror(errno));
	free(next);
}

/* What main wants. False: the end. */
static bool
obey(struct cgn_radius_thread *t)
{
	uint64_t n;
	bool stop;

	if (read(t->wake, &n, sizeof(n)) < 0)
		return true; /* woken for nothing */
	pthread_mutex_lock(&t->lock);
	if (t->next != NULL)
		adopt(t, t->next);
	t->next = NULL;
	stop = t->stop;
	pthread_cond_broadcast(&t->taken);
	pthread_mutex_unlock(&t->lock);
	return !stop;
}

static void
answer(struct cgn_radius_thread *t, uint32_t listen, uint32_t n)
{
	uint32_t n_out = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (t->datagrams[i].answer_len == 0)
			continue;
		t->out_iov[n_out] = (struct iovec){t->answers[i], t->datagrams[i].answer_len};
		t->out[n_out].msg_hdr = (struct msghdr){.msg_name = &t->from[i],
			.msg_namelen = sizeof(t->from[i]),
			.msg_iov = &t->out_iov[n_out],
			.msg_iovlen = 1};
		n_out++;
	}
	for (uint32_t i = 0; i < n_out;) { /* an answer that cannot be sent is asked for again */
		int sent = sendmmsg(t->fds[listen], t->out + i, n_out - i, 0);

		i += sent > 0 ? (uint32_t)sent : 1;
	}
}

static void
receive(struct cgn_radius_thread *t, uint32_t listen)
{
	cgn_ns_t began;
	int n;

	for (uint32_t i = 0; i < CGN_RADIUS_BATCH; i++) {
		t->in_iov[i] = (struct iovec){t->requests[i], DATAGRAM_MAX};
		t->in[i].msg_hdr = (struct msghdr){.msg_name = &t->from[i],
			.msg_namelen = sizeof(t->from[i]),
			.msg_iov = &t->in_iov[i],
			.msg_iovlen = 1};
	}
	n = recvmmsg(t->fds[listen], t->in, CGN_RADIUS_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return;
	began = cgn_clock_now();
	for (int i = 0; i < n; i++)
		t->datagrams[i] = (struct cgn_radius_datagram){
			.src = ntohl(t->from[i].sin_addr.s_addr),
			.src_port = ntohs(t->from[i].sin_port),
			.listen = (uint16_t)listen,
			.len = (uint16_t)t->in[i].msg_len,
			.bytes = t->requests[i],
			.answer = t->answers[i],
		};
	cgn_radius_serve(t->radius, t->datagrams, (uint32_t)n, began, utc_ms());
	answer(t, listen, (uint32_t)n);
	cgn_radius_spent(t->radius, (uint32_t)n, cgn_clock_now() - began);
}

static void *
radius_main(void *arg)
{
	struct cgn_radius_thread *t = arg;
	struct epoll_event events[16];

	pthread_setname_np(pthread_self(), "cgn-radius");
	for (;;) {
		int n = epoll_wait(t->epoll, events, 16, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.u32 != CGN_NONE) {
				receive(t, events[i].data.u32);
				continue;
			}
			if (!obey(t))
				return NULL;
			break; /* the numbers of listens may have changed */
		}
	}
}

/* --- Main thread --- */

static void
tell(struct cgn_radius_thread *t, struct cgn_radius_next *next)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&t->lock);
	t->next = next;
	t->stop = next == NULL;
	if (write(t->wake, &one, sizeof(one)) != sizeof(one))
		cgn_err("radius", "the thread cannot be woken: %s", strerror(errno));
	while (t->next != NULL)
		pthread_cond_wait(&t->taken, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

static void
log_listens(const struct cgn_radius_settings *s)
{
	char text[CGN_IP4_STRLEN];

	for (uint32_t i = 0; i < s->n_listens; i++)
		cgn_info("radius", "listening address=%s port=%u",
			cgn_ip4_str(s->listens[i].addr, text), s->listens[i].port);
}

void
cgn_radius_take(struct cgn_daemon *d, struct cgn_radius_next *next)
{
	log_listens(next->settings);
	tell(d->radius, next);
}

/* Everything but the thread; the settings are none. */
static struct cgn_radius_thread *
create(struct cgn_daemon *d)
{
	struct cgn_radius_settings *none = calloc(1, sizeof(*none));
	struct cgn_radius_thread *t = calloc(1, sizeof(*t));

	if (t == NULL || none == NULL) {
		free(none);
		free(t);
		return NULL;
	}
	t->radius = cgn_radius_create(none, apply, d);
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->taken, NULL);
	if (t->radius != NULL && watch(t, t->wake, CGN_NONE) == 0)
		return t;
	if (t->radius == NULL)
		free(none);
	cgn_radius_destroy(t->radius);
	close(t->epoll);
	close(t->wake);
	free(t);
	return NULL;
}

static void
destroy(struct cgn_radius_thread *t)
{
	for (uint32_t i = 0; i < t->radius->settings->n_listens; i++)
		close(t->fds[i]);
	free(t->fds);
	cgn_radius_destroy(t->radius);
	close(t->epoll);
	close(t->wake);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->taken);
	free(t);
}

int
cgn_radius_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	struct cgn_radius_next *next = cgn_radius_prepare(d, d->box->dir, err);
	int rc;

	if (next == NULL)
		return -errno;
	d->radius = create(d);
	rc = d->radius != NULL ? -pthread_create(&d->radius->thread, NULL, radius_main, d->radius)
			       : -ENOMEM;
	if (rc < 0) {
		cgn_errmsg_set(err, "the RADIUS thread could not be started: %s", strerror(-rc));
		if (d->radius != NULL)
			destroy(d->radius);
		d->radius = NULL;
		cgn_radius_drop(next);
		return rc;
	}
	cgn_radius_take(d, next);
	d->box->radius = d->radius->radius; /* telemetry comes after, and goes before */
	return 0;
}

void
cgn_radius_stop(struct cgn_daemon *d)
{
	d->box->radius = NULL;
	tell(d->radius, NULL);
	pthread_join(d->radius->thread, NULL);
	destroy(d->radius);
	d->radius = NULL;
}
