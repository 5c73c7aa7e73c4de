/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_natlog RATE SECONDS WHAT: control writes RATE records a second into the ring of the log,
 * and a log thread makes messages of them for a receiver on the loopback, which reads and counts
 * them. WHAT: ipfix-udp, ipfix-tcp, syslog-udp, syslog-tcp, or syslog-local, which takes the place
 * of /dev/log where there is none; -compact behind syslog-…: the short form. Prints what a record
 * costs control and the log thread, in CPU time, how many were lost, and how many the receiver has.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ipfix.h"
#include "outputs.h"
#include "sim.h"

enum { BURST = 100, RING = 65536 };

static struct cgn_sim *sim;
static struct cgn_outputs *outputs;
static atomic_bool stop;
static uint64_t n_taken, thread_ns;

static uint64_t
ns_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* As app/cgnatd/natlog.c does it. */
static void *
take(void *arg)
{
	struct cgn_natlog_record r;
	struct cgn_event event;
	uint32_t n, last;
	bool is_last;

	(void)arg;
	do {
		is_last = atomic_load(&stop);
		n = 0;
		do {
			last = 0;
			for (; last < 1024 &&
				cgn_natlog_take(&sim->box->control->natlog, &r, &event);
				last++)
				cgn_outputs_put(outputs, &r, &event);
			cgn_outputs_turn(outputs, ns_of(CLOCK_MONOTONIC) / 1000000,
				ns_of(CLOCK_REALTIME) / 1000000);
			n += last;
		} while (last == 1024);
		n_taken += n;
		cgn_outputs_wait(outputs, n < 64 ? 10000 : 1000);
	} while (!is_last || n > 0 || cgn_outputs_are_busy(outputs));
	thread_ns = ns_of(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

/* --- The receiver --- */

static struct {
	int fd, type;
	bool is_ipfix;
	uint16_t port;
	uint64_t n_bytes, n_records;
} receiver;

enum { RECEIVER_BUFFER = 32 << 20, READ = 1 << 16, DATAGRAMS = 256, SET_AT = 16 };

static const char *
word_after(const char *what, const char *prefix)
{
	return strncmp(what, prefix, strlen(prefix)) == 0 ? what + strlen(prefix) : NULL;
}

static void
receiver_open(const char *what)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	const bool is_local = word_after(what, "syslog-local") != NULL;
	const int size = RECEIVER_BUFFER;
	socklen_t len = sizeof(at);

	receiver.is_ipfix = word_after(what, "ipfix") != NULL;
	receiver.type = strstr(what, "tcp") != NULL ? SOCK_STREAM : SOCK_DGRAM;
	receiver.fd = socket(is_local ? AF_UNIX : AF_INET, receiver.type, 0);
	setsockopt(receiver.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (is_local ? bind(receiver.fd, (const struct sockaddr *)&local, sizeof(local)) < 0
		     : bind(receiver.fd, (const struct sockaddr *)&at, len) < 0 ||
				getsockname(receiver.fd, (struct sockaddr *)&at, &len) < 0 ||
				(receiver.type == SOCK_STREAM && listen(receiver.fd, 1) < 0)) {
		perror("receiver");
		exit(1);
	}
	receiver.port = ntohs(at.sin_port);
}

static uint32_t
get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Of mappings of tenant "a", all of the same length. */
static void
count_message(const uint8_t *msg)
{
	struct cgn_natlog_record r = {.id = CGN_NATLOG_MAPPING_MADE, .tenant = "a"};
	struct cgn_ipfix_message one;

	cgn_ipfix_begin(&one);
	cgn_ipfix_add(&one, &r);
	for (uint32_t at = SET_AT; at < get16(msg + 2); at += get16(msg + at + 2))
		if (get16(msg + at) == get16(one.bytes + SET_AT))
			receiver.n_records += (get16(msg + at + 2) - 4) / (one.len - SET_AT - 4);
}

/* Whole messages at the start of data: a datagram, or what a stream has so far. Their bytes. */
static size_t
count_ipfix(const uint8_t *data, size_t len)
{
	size_t at = 0;

	for (; at + SET_AT <= len && at + get16(data + at + 2) <= len; at += get16(data + at + 2))
		count_message(data + at);
	return at;
}

static size_t
count_syslog_stream(const char *data, size_t len)
{
	size_t at = 0;

	for (;;) {
		const char *space = memchr(data + at, ' ', len - at);
		size_t end = space != NULL
			? (size_t)(space + 1 - data) + strtoul(data + at, NULL, 10)
			: len + 1;

		if (end > len)
			return at;
		receiver.n_records++;
		at = end;
	}
}

static void
receive_stream(int fd)
{
	static char buf[2 * READ];
	size_t have = 0, used;
	ssize_t n;

	while ((n = recv(fd, buf + have, READ, 0)) > 0) {
		receiver.n_bytes += (size_t)n;
		have += (size_t)n;
		used = receiver.is_ipfix ? count_ipfix((uint8_t *)buf, have)
					 : count_syslog_stream(buf, have);
		memmove(buf, buf + used, have - used);
		have -= used;
	}
}

static void
receive_datagrams(void)
{
	static uint8_t bufs[DATAGRAMS][CGN_IPFIX_MAX];
	static struct mmsghdr msgs[DATAGRAMS];
	static struct iovec parts[DATAGRAMS];
	int n;

	for (int i = 0; i < DATAGRAMS; i++) {
		parts[i] = (struct iovec){bufs[i], sizeof(bufs[i])};
		msgs[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	while ((n = recvmmsg(receiver.fd, msgs, DATAGRAMS, MSG_WAITFORONE, NULL)) > 0)
		for (int i = 0; i < n; i++) {
			receiver.n_bytes += msgs[i].msg_len;
			if (receiver.is_ipfix)
				count_ipfix(bufs[i], msgs[i].msg_len);
			else
				receiver.n_records++;
		}
}

static void *
receive(void *arg)
{
	(void)arg;
	if (receiver.type == SOCK_STREAM)
		receive_stream(accept(receiver.fd, NULL, NULL));
	else
		receive_datagrams();
	return NULL;
}

/* --- */

static const struct cgn_mapping *
start(const char *what)
{
	struct packet_spec spec = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	const char *protocol = receiver.type == SOCK_STREAM ? "tcp" : "udp";
	struct cgn_errmsg err;
	char box[256];

	if (receiver.is_ipfix)
		snprintf(box, sizeof(box),
			"log: {ipfix: {collectors: [{address: 127.0.0.1, port: %u, protocol: "
			"%s}]}}\n",
			receiver.port, protocol);
	else if (word_after(what, "syslog-local") != NULL)
		snprintf(box, sizeof(box), "log: {syslog: {local: true, form: %s}}\n",
			strstr(what, "compact") != NULL ? "compact" : "structured");
	else
		snprintf(box, sizeof(box),
			"log: {syslog: {servers: [{address: 127.0.0.1, port: %u, protocol: %s}], "
			"form: %s}}\n",
			receiver.port, protocol,
			strstr(what, "compact") != NULL ? "compact" : "structured");
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = "log: {mappings: true}\n"});
	outputs = cgn_outputs_create(sim->box->conf, &err);
	if (outputs == NULL || cgn_natlog_feed_init(sim->box->control, "bench", RING, 0) < 0)
		exit(1);
	cgn_sim_send_spec(sim, SIM_ACCESS, &spec);
	cgn_sim_run(sim);
	return cgn_sim_mapping(sim, "a", IPPROTO_UDP, SIM_A1, 5000);
}

int
main(int argc, char **argv)
{
	uint64_t rate = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t seconds = argc > 2 ? strtoull(argv[2], NULL, 10) : 5;
	const char *what = argc > 3 ? argv[3] : "ipfix-udp";
	const struct cgn_mapping *m;
	uint64_t n = 0, spent_ns = 0, began_ns;
	struct cgn_natlog_feed *feed;
	pthread_t thread, reader;

	receiver_open(what);
	m = start(what);
	feed = &sim->box->control->natlog;
	if (m == NULL || pthread_create(&reader, NULL, receive, NULL) != 0 ||
		pthread_create(&thread, NULL, take, NULL) != 0)
		return 1;
	began_ns = ns_of(CLOCK_MONOTONIC);
	for (; n < rate * seconds; n += BURST) {
		uint64_t before_ns;

		while ((ns_of(CLOCK_MONOTONIC) - began_ns) * rate < n * 1000000000)
			usleep(100);
		before_ns = ns_of(CLOCK_THREAD_CPUTIME_ID);
		feed->has_time = false; /* a turn begins */
		for (uint32_t i = 0; i < BURST; i++)
			cgn_natlog_mapping(sim->box->control, m, CGN_NATLOG_MAPPING_MADE);
		spent_ns += ns_of(CLOCK_THREAD_CPUTIME_ID) - before_ns;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	printf("%s records=%llu seconds=%.1f lost=%llu\n", what, (unsigned long long)n_taken,
		(double)(ns_of(CLOCK_MONOTONIC) - began_ns) / 1e9, (unsigned long long)feed->lost);
	printf("control: %.0f ns a record\n", (double)spent_ns / (double)n);
	printf("log thread: %.0f ns a record\n", (double)thread_ns / (double)n_taken);
	cgn_natlog_feed_fini(sim->box->control);
	cgn_outputs_destroy(outputs);
	usleep(300000); /* what is on its way */
	printf("received: %llu records, %.0f bytes each\n", (unsigned long long)receiver.n_records,
		(double)receiver.n_bytes / (double)receiver.n_records);
	if (word_after(what, "syslog-local") != NULL)
		unlink("/dev/log");
	cgn_sim_destroy(sim);
	return 0;
}
