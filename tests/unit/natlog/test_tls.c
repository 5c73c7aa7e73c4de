/* SPDX-License-Identifier: BSD-3-Clause */
/* Collectors and syslog servers over TLS, good ones and others, on the loopback (LOG-10). */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs.h"
#include "collector.h"
#include "syslog_target.h"
#include "tls.h"

enum { DAY_S = 86400, BUF = 4 << 20, TURNS = 5000 };

static struct cgn_conf conf = {.log = {.domain = 1, .templates = 60}};
static struct cert ca, other_ca, own;

/* An end that takes one session and reads it. */
static struct {
	int listen;
	uint16_t port;
	pthread_t thread;
	gnutls_certificate_credentials_t files;
	bool wants_cert, is_plain;
	unsigned int each_us; /* between two reads */
	uint8_t *buf;
	atomic_uint len;
	atomic_bool may_read;
} server;

static void
server_read(gnutls_session_t session)
{
	for (;;) {
		ssize_t n = gnutls_record_recv(session, server.buf + server.len, 1000);

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return;
		server.len += (unsigned int)n;
		if (server.each_us > 0)
			usleep(server.each_us);
	}
}

static void *
serve(void *arg)
{
	int fd = accept(server.listen, NULL, NULL), rc;
	gnutls_session_t session;

	(void)arg;
	if (fd < 0)
		return NULL;
	if (server.is_plain) {
		cr_assert_eq(send(fd, "220 hello\r\n", 11, MSG_NOSIGNAL), 11);
		usleep(200000);
		close(fd);
		return NULL;
	}
	gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, server.files);
	if (server.wants_cert) {
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert(session, NULL, 0);
	}
	gnutls_transport_set_int(session, fd);
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0)
		gnutls_alert_send_appropriate(session, rc);
	while (!server.may_read)
		usleep(1000);
	if (rc == 0)
		server_read(session);
	gnutls_deinit(session);
	close(fd);
	return NULL;
}

static void
server_begin(const char *cert, const char *key)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	server.listen = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(bind(server.listen, (const struct sockaddr *)&at, len), 0);
	cr_assert_eq(getsockname(server.listen, (struct sockaddr *)&at, &len), 0);
	cr_assert_eq(listen(server.listen, 1), 0);
	server.port = ntohs(at.sin_port);
	server.buf = malloc(BUF);
	server.len = 0;
	gnutls_certificate_allocate_credentials(&server.files);
	gnutls_certificate_set_x509_trust_file(
		server.files, cert_path("ca.pem"), GNUTLS_X509_FMT_PEM);
	cr_assert_eq(gnutls_certificate_set_x509_key_file(
			     server.files, cert_path(cert), cert_path(key), GNUTLS_X509_FMT_PEM),
		0);
	cr_assert_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void
server_end(void)
{
	shutdown(server.listen, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	gnutls_certificate_free_credentials(server.files);
	close(server.listen);
	free(server.buf);
}

static void
set_up(void)
{
	certs_begin();
	server.wants_cert = server.is_plain = false;
	server.each_us = 0;
	server.may_read = true;
	ca = cert_make("ca", NULL, NULL, DAY_S);
	other_ca = cert_make("other-ca", NULL, NULL, DAY_S);
	own = cert_make("good", &ca, "127.0.0.1", DAY_S);
}

static void
clean_up(void)
{
	cert_free(&ca);
	cert_free(&other_ca);
	cert_free(&own);
	certs_end();
}

static struct cgn_conf_collector
to_server(void)
{
	struct cgn_conf_collector at = {.address = INADDR_LOOPBACK,
		.port = server.port,
		.protocol = CGN_TRANSPORT_TLS,
		.verify = true};

	snprintf(at.ca_file, sizeof(at.ca_file), "%s", cert_path("ca.pem"));
	return at;
}

static void
put_block(struct cgn_lane *lane, uint16_t port)
{
	struct cgn_natlog_record r = {
		.id = CGN_NATLOG_BLOCK_LEASED, .outside_port = port, .tenant = "a"};
	struct cgn_ipfix_message msg;

	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, &r));
	cgn_lane_put(lane, &msg);
}

/* Turns until the lane's collector is up or has failed. */
static void
settle(struct cgn_lane *lane)
{
	for (uint32_t i = 0; i < TURNS && lane->collectors[0].state != CGN_COLLECTOR_UP &&
		lane->collectors[0].n_failures == 0;
		i++) {
		cgn_lane_turn(lane, 1000 + i / 10, 1700000000);
		poll(NULL, 0, 1);
	}
}

static void
wait_for_bytes(uint32_t n)
{
	for (uint32_t i = 0; i < TURNS && server.len < n; i++)
		poll(NULL, 0, 1);
	cr_assert_geq(server.len, n);
}

/* Why a collector as at says is refused. */
static const char *
why_refused(const struct cgn_conf_collector *at)
{
	static char why[512];
	struct cgn_lane lane;

	cr_assert_eq(cgn_lane_init(&lane, at, 1, &conf), 0);
	settle(&lane);
	for (uint32_t i = 0; i < TURNS && lane.collectors[0].n_failures == 0; i++) {
		cgn_lane_turn(&lane, 2000, 1700000000); /* TLS 1.3: the answer comes later */
		poll(NULL, 0, 1);
	}
	cr_assert_eq(lane.collectors[0].state, CGN_COLLECTOR_DOWN);
	snprintf(why, sizeof(why), "%s", lane.collectors[0].link.why.text);
	cgn_lane_fini(&lane);
	server_end();
	return why;
}

#define HAS(text, part) cr_assert_not_null(strstr(text, part), "%s", text)

TestSuite(tls, .init = set_up, .fini = clean_up, .timeout = 30);

Test(tls, collector_gets_templates_and_records)
{
	struct cgn_conf_collector at;
	struct cgn_lane lane;

	server_begin("good.pem", "good.key");
	at = to_server();
	cr_assert_eq(cgn_lane_init(&lane, &at, 1, &conf), 0);
	put_block(&lane, 1024);
	settle(&lane);
	cr_assert_eq(
		lane.collectors[0].state, CGN_COLLECTOR_UP, "%s", lane.collectors[0].link.why.text);
	for (int i = 0; i < 5; i++)
		cgn_lane_turn(&lane, 3000, 1700000000);
	cr_assert_eq(lane.n_queued, 0);
	wait_for_bytes(17);
	cr_assert_eq(server.buf[1], 10, "a message of IPFIX");
	cr_assert_eq(server.buf[17], 2, "templates first");
	cgn_lane_fini(&lane);
	server_end();
}

Test(tls, certificate_for_another_name_is_refused)
{
	struct cgn_conf_collector at;
	const char *why;

	server_begin("good.pem", "good.key");
	at = to_server();
	snprintf(at.server_name, sizeof(at.server_name), "logs.example.net");
	why = why_refused(&at);
	HAS(why, "\"CN=good\" of CA \"CN=ca\"");
	HAS(why, "refused for logs.example.net");
	HAS(why, "set server_name");
}

Test(tls, certificate_of_a_name_is_good_for_server_name)
{
	struct cert named = cert_make("named", &ca, "logs.example.net", DAY_S);
	struct cgn_conf_collector at;
	struct cgn_lane lane;

	server_begin("named.pem", "named.key");
	at = to_server();
	snprintf(at.server_name, sizeof(at.server_name), "logs.example.net");
	cr_assert_eq(cgn_lane_init(&lane, &at, 1, &conf), 0);
	settle(&lane);
	cr_assert_eq(lane.collectors[0].state, CGN_COLLECTOR_UP);
	cgn_lane_fini(&lane);
	server_end();
	cert_free(&named);
}

Test(tls, certificate_that_has_ended_is_refused)
{
	struct cert old = cert_make("old", &ca, "127.0.0.1", -3600);
	struct cgn_conf_collector at;
	const char *why;

	server_begin("old.pem", "old.key");
	at = to_server();
	why = why_refused(&at);
	HAS(why, "\"CN=old\"");
	HAS(why, "expired");
	HAS(why, "give the other end a new one");
	cert_free(&old);
}

Test(tls, certificate_of_an_unknown_ca_is_refused)
{
	struct cert foreign = cert_make("foreign", &other_ca, "127.0.0.1", DAY_S);
	struct cgn_conf_collector at;
	const char *why;

	server_begin("foreign.pem", "foreign.key");
	at = to_server();
	why = why_refused(&at);
	HAS(why, "CN=other-ca");
	HAS(why, "issuer is unknown");
	HAS(why, "ca_file");
	cert_free(&foreign);
}

Test(tls, without_verify_anybody_is_trusted)
{
	struct cert foreign = cert_make("foreign", &other_ca, "logs.example.net", DAY_S);
	struct cgn_conf_collector at;
	struct cgn_lane lane;

	server_begin("foreign.pem", "foreign.key");
	at = to_server();
	at.verify = false;
	cr_assert_eq(cgn_lane_init(&lane, &at, 1, &conf), 0);
	settle(&lane);
	cr_assert_eq(lane.collectors[0].state, CGN_COLLECTOR_UP);
	cgn_lane_fini(&lane);
	server_end();
	cert_free(&foreign);
}

Test(tls, end_that_wants_a_certificate_refuses_without_one)
{
	struct cgn_conf_collector at;

	server.wants_cert = true;
	server_begin("good.pem", "good.key");
	at = to_server();
	HAS(why_refused(&at), "the other end refuses");
}

Test(tls, end_that_wants_a_certificate_gets_ours)
{
	struct cert box = cert_make("box", &ca, NULL, DAY_S);
	struct cgn_conf_collector at;
	struct cgn_lane lane;

	server.wants_cert = true;
	server_begin("good.pem", "good.key");
	at = to_server();
	snprintf(at.cert_file, sizeof(at.cert_file), "%s", cert_path("box.pem"));
	snprintf(at.key_file, sizeof(at.key_file), "%s", cert_path("box.key"));
	cr_assert_eq(cgn_lane_init(&lane, &at, 1, &conf), 0);
	settle(&lane);
	cr_assert_eq(lane.collectors[0].state, CGN_COLLECTOR_UP);
	wait_for_bytes(17);
	cgn_lane_fini(&lane);
	server_end();
	cert_free(&box);
}

Test(tls, end_that_speaks_no_tls_is_told)
{
	struct cgn_conf_collector at;

	server.is_plain = true;
	server_begin("good.pem", "good.key");
	at = to_server();
	HAS(why_refused(&at), "speaks no TLS");
}

/* Whole messages in what the server has; they end where it ends. */
static uint32_t
whole_messages(void)
{
	uint32_t n = 0, at = 0;

	for (; at + 16 <= server.len; n++) {
		cr_assert_eq(server.buf[at + 1], 10, "a message begins at %u", at);
		at += (uint32_t)server.buf[at + 2] << 8 | server.buf[at + 3];
	}
	cr_assert_eq(at, server.len);
	return n;
}

Test(tls, end_that_reads_slowly_gets_every_message_whole_and_delays_nobody)
{
	const int small = 4096;
	struct cgn_conf_collector at;
	struct cgn_lane lane;
	uint32_t n = 0;

	server.may_read = false;
	server_begin("good.pem", "good.key");
	setsockopt(server.listen, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	at = to_server();
	cr_assert_eq(cgn_lane_init(&lane, &at, 1, &conf), 0);
	cgn_lane_turn(&lane, 1000, 1700000000);
	setsockopt(lane.collectors[0].link.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	settle(&lane);
	cr_assert_eq(lane.collectors[0].state, CGN_COLLECTOR_UP);
	for (; lane.n_queued < 100 && n < 100000; n++) {
		put_block(&lane, (uint16_t)(n + 1));
		cgn_lane_turn(&lane, 1500, 1700000000);
	}
	cr_assert_geq(lane.n_queued, 100, "the kernel took it all");
	server.may_read = true;
	for (uint32_t i = 0; i < TURNS && lane.n_queued > 0; i++) {
		cgn_lane_turn(&lane, 1500, 1700000000);
		poll(NULL, 0, 1);
	}
	cr_assert_eq(lane.n_queued, 0);
	cgn_lane_fini(&lane); /* says the end of the session, which the server waits for */
	pthread_join(server.thread, NULL);
	cr_assert_eq(whole_messages(), n + 2, "with templates and statistics");
	cr_assert_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
	server_end();
}

Test(tls, syslog_server_gets_counted_messages)
{
	struct cgn_conf_collector at;
	struct cgn_syslog_target target;

	server_begin("good.pem", "good.key");
	at = to_server();
	cr_assert_eq(cgn_syslog_init_at(&target, &at), 0);
	cgn_syslog_put(&target, "one", 3);
	cgn_syslog_put(&target, "three", 5);
	for (uint32_t i = 0; i < TURNS && target.used > 0; i++) {
		cgn_syslog_turn(&target, 1000);
		poll(NULL, 0, 1);
	}
	cr_assert_eq(target.n_failures, 0, "%s", target.link.why.text);
	wait_for_bytes(12);
	server.buf[server.len] = '\0';
	cr_assert_str_eq((const char *)server.buf, "3 one5 three", "%s", server.buf);
	cgn_syslog_fini(&target);
	server_end();
}

Test(tls, files_that_cannot_be_used_are_named)
{
	struct cgn_conf_collector at;
	struct cgn_errmsg err;

	server.port = 1;
	at = to_server();
	cr_assert_eq(cgn_tls_check(&at, &err), 0, "%s", err.text);
	snprintf(at.ca_file, sizeof(at.ca_file), "%s", cert_path("good.key"));
	cr_assert_lt(cgn_tls_check(&at, &err), 0);
	HAS(err.text, "good.key has no certificate");
	at = to_server();
	snprintf(at.cert_file, sizeof(at.cert_file), "%s", cert_path("good.pem"));
	snprintf(at.key_file, sizeof(at.key_file), "%s", cert_path("ca.key"));
	cr_assert_lt(cgn_tls_check(&at, &err), 0);
	HAS(err.text, "ca.key are of no use");
	snprintf(at.key_file, sizeof(at.key_file), "%s", cert_path("good.key"));
	cr_assert_eq(cgn_tls_check(&at, &err), 0);
	cr_assert_eq(chmod(at.key_file, 0644), 0);
	cr_assert_lt(cgn_tls_check(&at, &err), 0);
	HAS(err.text, "has mode 0644");
}
