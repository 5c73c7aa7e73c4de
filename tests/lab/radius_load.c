/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access servers that never rest: Accounting-Requests at a fixed rate, Start and Stop of a range of
 * addresses in turn, each session a new one. Repeats after a second what was not answered, as
 *access servers do, sends nothing new while 16 384 wait, and checks every answer. Prints one line
 *of numbers; status 1 when an answer was wrong or is missing at the end. Uses nothing of lib/, so
 *that its digests judge those of the daemon.
 *
 *	cgn-radius-load SERVER PORT SECRET FIRST-ADDRESS N-ADDRESSES PER-SECOND SECONDS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <nettle/md5.h>

enum { N_SOCKETS = 64, N_IDS = 256, HEADER = 20, PACKET = 128, REPEAT_US = 1000000, END_S = 10 };
enum { START = 1, STOP = 2 };

/* One request that waits for its answer. */
struct slot {
	uint64_t first_us, last_us; /* sent; 0: free */
	uint8_t len, packet[PACKET];
};

static struct slot slots[N_SOCKETS][N_IDS];
static struct pollfd sockets[N_SOCKETS];
static const char *secret;
static uint64_t n_sent, n_answered, n_repeated, n_wrong;
static uint32_t *latencies; /* µs, of those answered at the first time */
static uint64_t n_latencies;

static void
die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint8_t *
put(uint8_t *at, uint8_t type, const void *value, size_t len)
{
	*at++ = type;
	*at++ = (uint8_t)(len + 2);
	memcpy(at, value, len);
	return at + len;
}

static uint8_t *
put_number(uint8_t *at, uint8_t type, uint32_t number)
{
	number = htonl(number);
	return put(at, type, &number, sizeof(number));
}

static void
digest(const uint8_t *packet, size_t len, const uint8_t *authenticator, uint8_t *out)
{
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, 4, packet);
	md5_update(&md5, 16, authenticator);
	md5_update(&md5, len - HEADER, packet + HEADER);
	md5_update(&md5, strlen(secret), (const uint8_t *)secret);
	md5_digest(&md5, 16, out);
}

static void
build(struct slot *slot, uint8_t id, uint32_t status, uint32_t addr, uint64_t session)
{
	static const uint8_t zeros[16];
	uint8_t *at = slot->packet + HEADER;
	char text[32];

	at = put_number(at, 40, status);
	at = put(at, 44, text, (size_t)snprintf(text, sizeof(text), "load-%lu", session));
	at = put(at, 1, text, (size_t)snprintf(text, sizeof(text), "user-%08x", addr));
	at = put_number(at, 8, addr);
	at = put_number(at, 4, UINT32_C(0xc0000241));
	slot->len = (uint8_t)(at - slot->packet);
	slot->packet[0] = 4;
	slot->packet[1] = id;
	slot->packet[2] = 0;
	slot->packet[3] = slot->len;
	digest(slot->packet, slot->len, zeros, slot->packet + 4);
}

static void
transmit(int s, struct slot *slot, uint64_t now)
{
	slot->last_us = now;
	/* A full buffer is as good as a loss on the way. */
	if (send(sockets[s].fd, slot->packet, slot->len, 0) < 0 && errno != EAGAIN &&
		errno != ECONNREFUSED)
		die("send");
}

static void
take_answer(int s, const uint8_t *bytes, ssize_t len, uint64_t now)
{
	struct slot *slot = &slots[s][bytes[1]];
	uint8_t expected[16];

	if (len != HEADER || bytes[0] != 5 || slot->first_us == 0) {
		n_wrong += len != HEADER || bytes[0] != 5; /* else to a repetition */
		return;
	}
	digest(bytes, HEADER, slot->packet + 4, expected);
	if (memcmp(expected, bytes + 4, sizeof(expected)) != 0) {
		n_wrong++;
		return;
	}
	if (slot->first_us == slot->last_us)
		latencies[n_latencies++] = (uint32_t)(now - slot->first_us);
	slot->first_us = 0;
	n_answered++;
}

static void
receive(int wait_ms)
{
	uint8_t bytes[512];

	if (poll(sockets, N_SOCKETS, wait_ms) <= 0)
		return;
	for (int s = 0; s < N_SOCKETS; s++) {
		ssize_t len;

		if (!(sockets[s].revents & POLLIN))
			continue;
		while ((len = recv(sockets[s].fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 2)
			take_answer(s, bytes, len, now_us());
	}
}

/* Requests that wait too long go again; returns how many wait. */
static uint64_t
repeat(uint64_t now)
{
	uint64_t n = 0;

	for (int s = 0; s < N_SOCKETS; s++)
		for (int i = 0; i < N_IDS; i++) {
			struct slot *slot = &slots[s][i];

			n += slot->first_us != 0;
			if (slot->first_us == 0 || now - slot->last_us < REPEAT_US)
				continue;
			n_repeated++;
			transmit(s, slot, now);
		}
	return n;
}

/* Request number n, or false: it has to wait. First every address starts, then every address stops,
 * and so on. */
static bool
request(uint64_t n, uint32_t first, uint32_t n_addresses)
{
	int s = (int)(n % N_SOCKETS);
	uint8_t id = (uint8_t)(n / N_SOCKETS);
	struct slot *slot = &slots[s][id];
	uint64_t round = n / n_addresses, i = n % n_addresses;

	if (slot->first_us != 0)
		return false;
	build(slot, id, round % 2 == 0 ? START : STOP, first + (uint32_t)i,
		round / 2 * n_addresses + i + (uint64_t)getpid() * 1000000000);
	slot->first_us = now_us();
	transmit(s, slot, slot->first_us);
	n_sent++;
	return true;
}

static void
open_sockets(const char *server, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	if (inet_pton(AF_INET, server, &to.sin_addr) != 1)
		die(server);
	for (int s = 0; s < N_SOCKETS; s++) {
		sockets[s] = (struct pollfd){
			.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), .events = POLLIN};
		if (sockets[s].fd < 0 ||
			connect(sockets[s].fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("socket");
	}
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t
percentile(uint32_t percent)
{
	return n_latencies > 0 ? latencies[(n_latencies - 1) * percent / 100] : 0;
}

int
main(int argc, char **argv)
{
	uint64_t n = 0, total, began, waiting, last_repeat = 0, end_us;
	uint32_t first, n_addresses, per_s;
	struct in_addr addr;

	if (argc != 8 || inet_pton(AF_INET, argv[4], &addr) != 1) {
		fprintf(stderr, "usage: %s SERVER PORT SECRET FIRST N PER-SECOND SECONDS\n",
			argv[0]);
		return 2;
	}
	secret = argv[3];
	first = ntohl(addr.s_addr);
	n_addresses = (uint32_t)atoi(argv[5]);
	per_s = (uint32_t)atoi(argv[6]);
	total = (uint64_t)per_s * (uint64_t)atoi(argv[7]);
	total -= total % (2 * (uint64_t)n_addresses); /* whoever starts stops too */
	latencies = calloc(total + 1, sizeof(*latencies));
	open_sockets(argv[1], argv[2]);
	began = now_us();
	while (n < total) {
		uint64_t now = now_us(), due = (now - began) * per_s / 1000000;

		while (n < due && n < total && request(n, first, n_addresses))
			n++;
		if (now - last_repeat > REPEAT_US / 10) {
			repeat(now_us()); /* later than whatever was sent */
			last_repeat = now;
		}
		receive(1);
	}
	end_us = now_us();
	while ((waiting = repeat(now_us())) > 0 && now_us() - end_us < END_S * 1000000)
		receive(10);
	qsort(latencies, n_latencies, sizeof(*latencies), compare);
	printf("sent=%lu answered=%lu repeated=%lu wrong=%lu waiting=%lu per_s=%lu "
	       "median_us=%u p99_us=%u max_us=%u\n",
		n_sent, n_answered, n_repeated, n_wrong, waiting,
		n_sent * 1000000 / (end_us - began), percentile(50), percentile(99),
		percentile(100));
	return n_wrong > 0 || waiting > 0;
}
