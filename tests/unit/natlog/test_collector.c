/* SPDX-License-Identifier: BSD-3-Clause */
/* Collectors that come, go and are slow; on the loopback, with a clock of the test's. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector.h"
#include "log.h"

static struct cgn_conf conf = {.log = {.domain = 1, .templates = 60}};
static struct cgn_lane lane;
static uint64_t now_ms;

struct peer {
	int fd;
	uint16_t port;
};

/* A socket on the loopback; port 0: any. */
static struct peer
peer_open(int type, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port)};
	socklen_t len = sizeof(at);
	struct peer peer = {.fd = socket(AF_INET, type | SOCK_NONBLOCK, 0)};
	const int one = 1;

	setsockopt(peer.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	cr_assert_eq(bind(peer.fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	getsockname(peer.fd, (struct sockaddr *)&at, &len);
	peer.port = ntohs(at.sin_port);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(peer.fd, 4), 0);
	return peer;
}

static struct cgn_conf_collector
to(const struct peer *peer, enum cgn_transport protocol)
{
	return (struct cgn_conf_collector){
		.address = INADDR_LOOPBACK, .port = peer->port, .protocol = protocol};
}

static void
begin(const struct cgn_conf_collector *collectors, uint32_t n)
{
	now_ms = 1000;
	cr_assert_eq(cgn_lane_init(&lane, collectors, n, &conf), 0);
}

static void
turn(uint32_t ms)
{
	now_ms += ms;
	cgn_lane_turn(&lane, now_ms, 1700000000);
}

static void
put(uint16_t port)
{
	struct cgn_natlog_record r = {
		.id = CGN_NATLOG_BLOCK_LEASED, .outside_port = port, .tenant = "a"};
	struct cgn_ipfix_message msg;

	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, &r));
	cgn_lane_put(&lane, &msg);
}

/* What arrives within 2 s, or 0. */
static ssize_t
receive(int fd, void *buf, size_t len)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return poll(&wait, 1, 2000) == 1 ? recv(fd, buf, len, 0) : 0;
}

static uint32_t
get(const uint8_t *at, uint32_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | *at++;
	return value;
}

/* The next data record of a block at the collector: its first port; *sequence of its message. */
static uint16_t
next_block(int fd, uint32_t *sequence)
{
	uint8_t buf[CGN_IPFIX_MAX];

	while (receive(fd, buf, sizeof(buf)) > 0) {
		if (get(buf + 16, 2) != 257 + CGN_NATLOG_BLOCK_LEASED)
			continue;
		*sequence = get(buf + 8, 4);
		return (uint16_t)get(buf + 20 + 9 + 2 + 12, 2);
	}
	return 0;
}

Test(collector, udp_has_templates_before_records_and_again_later)
{
	struct peer peer = peer_open(SOCK_DGRAM, 0);
	struct cgn_conf_collector at = to(&peer, CGN_TRANSPORT_UDP);
	uint8_t buf[CGN_IPFIX_MAX];
	uint32_t sequence;

	begin(&at, 1);
	put(1024);
	turn(0);
	turn(1);
	cr_assert_gt(receive(peer.fd, buf, sizeof(buf)), 0);
	cr_assert_eq(get(buf + 16, 2), 2, "templates");
	cr_assert_gt(receive(peer.fd, buf, sizeof(buf)), 0);
	cr_assert_eq(get(buf + 16, 2), 256, "statistics");
	turn(CGN_COLLECTOR_PROBE_MS);
	turn(1);
	cr_assert_eq(next_block(peer.fd, &sequence), 1024);
	cr_assert_eq(sequence, 1, "the statistics are one record");
	turn(60000);
	cr_assert_gt(receive(peer.fd, buf, sizeof(buf)), 0);
	cr_assert_eq(get(buf + 16, 2), 2, "templates again");
	cgn_lane_fini(&lane);
	close(peer.fd);
}

Test(collector, clock_that_is_set_back_changes_the_export_time_alone)
{
	struct peer peer = peer_open(SOCK_DGRAM, 0);
	struct cgn_conf_collector at = to(&peer, CGN_TRANSPORT_UDP);
	uint8_t buf[CGN_IPFIX_MAX];
	uint32_t sequence;

	begin(&at, 1);
	turn(0);
	turn(1);
	turn(CGN_COLLECTOR_PROBE_MS);
	put(1024);
	cgn_lane_turn(&lane, ++now_ms, 1600000000);
	cr_assert_eq(next_block(peer.fd, &sequence), 1024);
	cr_assert_eq(sequence, 1);
	put(1025);
	cgn_lane_turn(&lane, ++now_ms, 1500000000);
	cr_assert_gt(receive(peer.fd, buf, sizeof(buf)), 0);
	cr_assert_eq(get(buf + 4, 4), 1500000000);
	cr_assert_eq(get(buf + 8, 4), 2, "sequence numbers go on");
	cr_assert_eq(get(buf + 16, 2), 257 + CGN_NATLOG_BLOCK_LEASED, "no templates in between");
	cr_assert_eq(lane.n_lost, 0);
	cgn_lane_fini(&lane);
	close(peer.fd);
}

Test(collector, nothing_is_lost_while_a_collector_is_away_for_a_while)
{
	struct peer peer = peer_open(SOCK_DGRAM, 0);
	struct cgn_conf_collector at = to(&peer, CGN_TRANSPORT_UDP);
	uint32_t sequence;

	close(peer.fd);
	begin(&at, 1);
	for (uint16_t i = 0; i < 100; i++) {
		put((uint16_t)(1024 + i));
		turn(100);
	}
	cr_assert_neq(lane.collectors[0].state, CGN_COLLECTOR_UP);
	cr_assert_eq(lane.n_queued, 100);
	peer = peer_open(SOCK_DGRAM, peer.port);
	for (int i = 0; i < 50; i++)
		turn(100);
	for (uint16_t i = 0; i < 100; i++)
		cr_assert_eq(next_block(peer.fd, &sequence), 1024 + i);
	cr_assert_eq(lane.n_lost, 0);
	cgn_lane_fini(&lane);
	close(peer.fd);
}

Test(collector, full_queue_loses_and_says_how_many)
{
	struct peer peer = peer_open(SOCK_STREAM, 0);
	struct cgn_conf_collector at = to(&peer, CGN_TRANSPORT_TCP);
	uint8_t *buf = malloc(1 << 20);
	uint32_t total = 0, n_blocks = 0, lost = 0;
	int fd;

	begin(&at, 1);
	for (uint32_t i = 0; i < CGN_LANE_QUEUE + 50; i++)
		put((uint16_t)(i + 1));
	cr_assert_eq(lane.n_lost, 50);
	turn(0);
	turn(1);
	fd = accept(peer.fd, NULL, NULL);
	cr_assert_geq(fd, 0);
	for (int i = 0; i < 20; i++)
		turn(1);
	cr_assert_eq(lane.n_queued, 0);
	while (total < (1 << 20) - CGN_IPFIX_MAX) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		ssize_t n = poll(&wait, 1, 100) == 1 ? recv(fd, buf + total, CGN_IPFIX_MAX, 0) : 0;

		if (n <= 0)
			break;
		total += (uint32_t)n;
	}
	for (uint32_t i = 0; i + 16 < total; i += get(buf + i + 2, 2)) {
		cr_assert_eq(get(buf + i, 2), 10, "a message begins at %u", i);
		n_blocks += get(buf + i + 16, 2) == 257 + CGN_NATLOG_BLOCK_LEASED;
		if (get(buf + i + 16, 2) == 256)
			lost = get(buf + i + 20 + 16, 4);
	}
	cr_assert_eq(n_blocks, CGN_LANE_QUEUE);
	cr_assert_eq(lost, 50);
	cgn_lane_fini(&lane);
	close(fd);
	close(peer.fd);
	free(buf);
}

Test(collector, the_next_one_takes_over_and_the_first_gets_it_back)
{
	struct peer first = peer_open(SOCK_DGRAM, 0), second = peer_open(SOCK_DGRAM, 0);
	struct cgn_conf_collector at[] = {
		to(&first, CGN_TRANSPORT_UDP), to(&second, CGN_TRANSPORT_UDP)};
	uint32_t sequence;

	begin(at, 2);
	for (int i = 0; i < 10; i++)
		turn(100);
	put(1);
	turn(1);
	cr_assert_eq(next_block(first.fd, &sequence), 1);
	close(first.fd);
	put(2); /* is refused, and nobody can know before the answer is here */
	turn(1);
	for (int i = 0; i < 10; i++)
		turn(100);
	put(3);
	turn(1);
	cr_assert_eq(next_block(second.fd, &sequence), 3);
	first = peer_open(SOCK_DGRAM, first.port);
	for (int i = 0; i < 60; i++)
		turn(100);
	put(4);
	turn(1);
	cr_assert_eq(next_block(first.fd, &sequence), 4);
	cgn_lane_fini(&lane);
	close(first.fd);
	close(second.fd);
}

Test(collector, tcp_that_is_reset_gets_whole_messages_from_a_new_beginning)
{
	struct peer peer = peer_open(SOCK_STREAM, 0);
	struct cgn_conf_collector at = to(&peer, CGN_TRANSPORT_TCP);
	const struct linger reset = {.l_onoff = 1};
	uint8_t buf[CGN_IPFIX_MAX];
	int fd;

	begin(&at, 1);
	for (int i = 0; i < 5; i++)
		turn(1);
	fd = accept(peer.fd, NULL, NULL);
	cr_assert_geq(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	turn(1);
	cr_assert_eq(lane.collectors[0].state, CGN_COLLECTOR_DOWN);
	put(7);
	turn(CGN_COLLECTOR_RETRY_MS);
	for (int i = 0; i < 5; i++)
		turn(1);
	fd = accept(peer.fd, NULL, NULL);
	cr_assert_geq(fd, 0);
	cr_assert_geq(receive(fd, buf, 20), 20);
	cr_assert_eq(get(buf, 2), 10);
	cr_assert_eq(get(buf + 8, 4), 0, "a new session begins at 0");
	cr_assert_eq(get(buf + 16, 2), 2, "with templates");
	cr_assert_eq(lane.n_queued, 0);
	cgn_lane_fini(&lane);
	close(fd);
	close(peer.fd);
}

Test(collector, tcp_that_takes_nothing_is_given_up_and_blocks_nobody)
{
	struct peer peer = peer_open(SOCK_STREAM, 0);
	struct cgn_conf_collector at = to(&peer, CGN_TRANSPORT_TCP);
	const int small = 4096;
	int fd;

	setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	begin(&at, 1);
	turn(0);
	setsockopt(lane.collectors[0].link.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (int i = 0; i < 5; i++)
		turn(1);
	fd = accept(peer.fd, NULL, NULL);
	for (uint32_t i = 0; lane.n_queued < 100 && i < 100000; i++) {
		put((uint16_t)(i + 1));
		turn(0);
	}
	cr_assert_geq(lane.n_queued, 100, "the kernel took it all");
	turn(CGN_COLLECTOR_STALL_MS + 1);
	cr_assert_eq(lane.collectors[0].state, CGN_COLLECTOR_DOWN);
	cgn_lane_fini(&lane);
	close(fd);
	close(peer.fd);
}
