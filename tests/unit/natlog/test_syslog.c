/* SPDX-License-Identifier: BSD-3-Clause */
/* Syslog messages, and servers that come and go; on the loopback, with a clock of the test's. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "scratch.h"
#include "syslog_target.h"

static struct cgn_syslog_style style = {.host = "box1", .pid = 17, .facility = 16};
static char text[CGN_SYSLOG_MAX];

static struct cgn_natlog_record
block(void)
{
	return (struct cgn_natlog_record){.id = CGN_NATLOG_BLOCK_LEASED,
		.number = 3,
		.utc_ms = UINT64_C(1700000000123),
		.inside_addr = 0x6440000a,
		.outside_addr = 0xcb007111,
		.outside_port = 40000,
		.last_port = 40511,
		.vrf = 7,
		.tenant = "isp"};
}

Test(syslog, structured_message_is_as_rfc_5424_wants)
{
	struct cgn_natlog_record r = block();
	size_t len = cgn_syslog_text(&style, &r, NULL, text);

	cr_assert_str_eq(text,
		"<133>1 2023-11-14T22:13:20.123Z box1 cgnatd 17 block_leased [nat@32473 "
		"number=\"3\" "
		"tenant=\"isp\" inside=\"100.64.0.10\" outside=\"203.0.113.17\" first=\"40000\" "
		"last=\"40511\"] A subscriber has a port block from now on.");
	cr_assert_eq(len, strlen(text));
}

Test(syslog, compact_message_has_the_values_alone)
{
	struct cgn_syslog_style compact = style;
	struct cgn_natlog_record r = block();

	compact.is_compact = true;
	r.flags = CGN_NATLOG_AGAIN;
	cgn_syslog_text(&compact, &r, NULL, text);
	cr_assert_str_eq(text,
		"<133>1 2023-11-14T22:13:20.123Z box1 cgnatd 17 block_leased - 3 isp 100.64.0.10 "
		"203.0.113.17 40000 40511 again");
}

Test(syslog, gap_is_a_warning_with_its_count)
{
	static const char expected[] = "<132>1 1970-01-01T00:00:00.000Z box1 cgnatd 17 gap "
				       "[nat@32473 number=\"8\" n=\"99\"] ";
	struct cgn_natlog_record r = {.id = CGN_NATLOG_GAP, .value = 99, .number = 8};

	cgn_syslog_text(&style, &r, NULL, text);
	cr_assert_eq(strncmp(text, expected, strlen(expected)), 0, "%s", text);
}

Test(syslog, text_of_others_stays_inside_its_value)
{
	struct cgn_natlog_record r = {.id = CGN_NATLOG_EVENT, .number = 1};
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_SUBSCRIBER_ADD);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_SESSION, "a\"]\\\n<0>1 forged");
	cgn_syslog_text(&style, &r, &ev, text);
	cr_assert_not_null(strstr(text, " session=\"a\\\"\\]\\\\?<0>1 forged\"] "), "%s", text);
	cr_assert_null(strchr(text, '\n'));
}

Test(syslog, longest_event_fits)
{
	struct cgn_natlog_record r = {.id = CGN_NATLOG_EVENT, .number = UINT64_MAX};
	struct cgn_syslog_style longest = style;
	char quotes[CGN_EVENT_TEXT_LEN];
	struct cgn_event ev;

	memset(longest.host, 'h', sizeof(longest.host) - 1);
	memset(quotes, '"', sizeof(quotes) - 1);
	quotes[sizeof(quotes) - 1] = '\0';
	for (int id = 0; id < CGN_N_EVENTS; id++) {
		cgn_event_init(&ev, (enum cgn_event_id)id);
		memset(ev.who.claimed, '"', sizeof(ev.who.claimed) - 1);
		for (int f = 0; f < CGN_N_EVENT_FIELDS; f++)
			if (cgn_event_has((enum cgn_event_id)id, (enum cgn_event_field)f) &&
				cgn_event_fields[f].type == CGN_EVENT_TYPE_TEXT)
				cgn_event_set_text(&ev, (enum cgn_event_field)f, quotes);
		for (int c = 0; c < 2; c++) {
			longest.is_compact = c;
			cr_assert_lt(cgn_syslog_text(&longest, &r, &ev, text), CGN_SYSLOG_MAX);
		}
	}
}

/* --- Servers --- */

static int
serve(int type, uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(*port)};
	int fd = socket(AF_INET, type, 0);
	socklen_t len = sizeof(at);
	const int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	cr_assert_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	*port = ntohs(at.sin_port);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 4), 0);
	return fd;
}

static int
begin(struct cgn_syslog_target *at, enum cgn_transport protocol, uint16_t port)
{
	static struct cgn_conf_collector conf;

	conf = (struct cgn_conf_collector){
		.address = INADDR_LOOPBACK, .port = port, .protocol = protocol};
	return cgn_syslog_init_at(at, &conf);
}

/* What arrives within 2 s, as text. */
static const char *
receive(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	static char buf[CGN_SYSLOG_MAX];
	ssize_t n = poll(&wait, 1, 2000) == 1 ? recv(fd, buf, sizeof(buf) - 1, 0) : 0;

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

Test(syslog, udp_server_gets_a_datagram_each)
{
	struct cgn_syslog_target at;
	uint16_t port = 0;
	int fd = serve(SOCK_DGRAM, &port);

	cr_assert_eq(begin(&at, CGN_TRANSPORT_UDP, port), 0);
	cgn_syslog_put(&at, "one", 3);
	cgn_syslog_put(&at, "three", 5);
	cgn_syslog_turn(&at, 1000);
	cr_assert_str_eq(receive(fd), "one");
	cr_assert_str_eq(receive(fd), "three");
	cr_assert_eq(at.used, 0);
	cgn_syslog_fini(&at);
	close(fd);
}

Test(syslog, tcp_counts_octets_and_waits_for_a_server_that_is_away)
{
	struct cgn_syslog_target at;
	uint16_t port = 0;
	int fd = serve(SOCK_STREAM, &port), peer;

	close(fd);
	cr_assert_eq(begin(&at, CGN_TRANSPORT_TCP, port), 0);
	cgn_syslog_put(&at, "one", 3);
	cgn_syslog_put(&at, "three", 5);
	cgn_syslog_turn(&at, 1000);
	cgn_syslog_turn(&at, 1001);
	cr_assert_eq(at.n_failures, 1);
	fd = serve(SOCK_STREAM, &port);
	cgn_syslog_turn(&at, 2000);
	cr_assert_lt(at.link.fd, 0, "not before its time");
	cgn_syslog_turn(&at, 1001 + CGN_SYSLOG_RETRY_MS);
	cgn_syslog_turn(&at, 1002 + CGN_SYSLOG_RETRY_MS);
	peer = accept(fd, NULL, NULL);
	cr_assert_geq(peer, 0);
	cr_assert_str_eq(receive(peer), "3 one5 three");
	close(peer);
	cgn_syslog_put(&at, "four", 4);
	cgn_syslog_turn(&at, 9000);
	cr_assert_eq(at.n_failures, 2, "it sees the end of the connection");
	cgn_syslog_turn(&at, 12000);
	cgn_syslog_turn(&at, 12001);
	peer = accept(fd, NULL, NULL);
	cr_assert_str_eq(receive(peer), "4 four");
	cgn_syslog_fini(&at);
	close(peer);
	close(fd);
}

Test(syslog, local_socket_gets_a_datagram_each)
{
	char dir[SCRATCH_LEN];
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct cgn_syslog_target at;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	cr_assert_not_null(mkdtemp(scratch_template(dir, "syslog")));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/log", dir);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	cr_assert_eq(cgn_syslog_init_local(&at, un.sun_path), 0);
	cgn_syslog_put(&at, "here", 4);
	cgn_syslog_turn(&at, 1000);
	cr_assert_str_eq(receive(fd), "here");
	cgn_syslog_fini(&at);
	close(fd);
	unlink(un.sun_path);
	rmdir(dir);
}

Test(syslog, full_queue_counts_and_keeps_the_oldest)
{
	struct cgn_syslog_target at;
	uint16_t port = 0;
	int fd = serve(SOCK_DGRAM, &port);
	uint32_t n = 0;

	memset(text, 'x', 1000);
	cr_assert_eq(begin(&at, CGN_TRANSPORT_UDP, port), 0);
	cgn_syslog_put(&at, "first", 5);
	while (at.n_lost == 0) {
		cgn_syslog_put(&at, text, 1000);
		n++;
	}
	cr_assert_eq(n, (CGN_SYSLOG_QUEUE - 7) / 1005 + 1);
	cr_assert_eq(cgn_syslog_lost(&at), 0, "no room to say so");
	cgn_syslog_turn(&at, 1000);
	cr_assert_str_eq(receive(fd), "first");
	cr_assert_eq(at.used, 0);
	cr_assert_eq(cgn_syslog_lost(&at), 1);
	cr_assert_eq(cgn_syslog_lost(&at), 0, "said once");
	cgn_syslog_fini(&at);
	close(fd);
}
