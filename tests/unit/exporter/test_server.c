/* SPDX-License-Identifier: BSD-3-Clause */
/* The HTTP server on loopback, before a telemetry socket that answers what the test says. */
#include "server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "scratch.h"

enum mode {
	GOOD,
	REFUSES_TENANTS, /* the second page of them */
	HANGS_UP,        /* at the first question about tenants */
	CIRCLES,
	JUNK,
};

static char dir[SCRATCH_LEN], path[SCRATCH_LEN + 8];
static int listener;
static pthread_t thread;
static enum mode mode;
static atomic_int n_connections;
static atomic_bool stopping, overlap;
static struct cgn_server server;

/* What stands under the command's name, for a request "PATH,…cursor=N,…". */
static void
compose(const char *request, unsigned int id, char *text, size_t size)
{
	const char *cursor = strstr(request, "cursor=");
	int page = cursor != NULL ? atoi(cursor + 7) : 0;
	int n = (int)strcspn(request, ",");
	char body[512] = "\"next\":0,\"rows\":{}";

	if (strncmp(request, "/cgnat/info,", 12) == 0)
		strcpy(body, "\"item\":{\"version\":\"9\",\"mappings\":42,\"journal\":\"on\"}");
	else if (strncmp(request, "/cgnat/tenants,", 15) == 0)
		snprintf(body, sizeof(body),
			"\"next\":%d,\"rows\":{\"r0\":{\"tenant\":\"t%d\",\"tcp\":%d}}",
			mode == CIRCLES ? 1 : !page, page, 10 + page);
	if (mode == REFUSES_TENANTS && page > 0)
		snprintf(text, size,
			"{\"%.*s\":{\"status\":\"error\",\"message\":\"busy\",\"id\":%u}}", n,
			request, id);
	else
		snprintf(text, size, "{\"%.*s\":{\"status\":\"ok\",\"id\":%u,%s}}", n, request, id,
			body);
}

static void
converse(int fd)
{
	static const char hello[] = "{\"version\":\"DPDK\",\"pid\":1,\"max_output_len\":16384}";
	struct pollfd next = {.fd = listener, .events = POLLIN};
	char request[256], text[1024];
	ssize_t n;

	atomic_fetch_add(&n_connections, 1);
	send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL);
	while ((n = recv(fd, request, sizeof(request) - 1, 0)) > 0) {
		const char *id;

		request[n] = '\0';
		if (mode == HANGS_UP && strncmp(request, "/cgnat/tenants,", 15) == 0)
			return;
		id = strstr(request, "id=");
		compose(request, id != NULL ? (unsigned int)strtoul(id + 3, NULL, 10) : 0, text,
			sizeof(text));
		if (mode == JUNK)
			strcpy(text, "}{");
		if (poll(&next, 1, 0) > 0 && !atomic_load(&stopping))
			atomic_store(&overlap, true); /* a second one while the first talks */
		send(fd, text, strlen(text), MSG_NOSIGNAL);
	}
}

static void *
be_daemon(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(listener, NULL, NULL)) >= 0 && !atomic_load(&stopping)) {
		converse(fd);
		close(fd);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void
setup(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	cr_redirect_stderr();
	cr_assert_not_null(mkdtemp(scratch_template(dir, "cgnat-exporter")));
	snprintf(path, sizeof(path), "%s/socket", dir);
	memcpy(addr.sun_path, path, strlen(path));
	listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(listen(listener, 16), 0);
	pthread_create(&thread, NULL, be_daemon, NULL);
}

static void
daemon_ends(void)
{
	if (listener < 0)
		return;
	atomic_store(&stopping, true);
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	unlink(path);
	listener = -1;
}

static void
teardown(void)
{
	cgn_server_stop(&server);
	daemon_ends();
	rmdir(dir);
}

TestSuite(server, .init = setup, .fini = teardown, .timeout = 20);

static void
start(enum mode m, unsigned int max_age_ms)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct addrinfo any_port = {.ai_family = AF_INET,
		.ai_addr = (struct sockaddr *)&addr,
		.ai_addrlen = sizeof(addr)};

	mode = m;
	server.where.socket = path;
	server.max_age_ms = max_age_ms;
	cr_assert_eq(cgn_server_start(&server, &any_port), 0);
	cr_assert_neq(cgn_server_port(&server), 0);
}

/* Sends bytes, returns all that comes back, the caller's. */
static char *
http(const char *request)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
		.sin_port = htons(cgn_server_port(&server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char *text = calloc(1, 1 << 18);
	size_t n = 0;
	ssize_t got;

	cr_assert_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	while ((got = recv(fd, text + n, (1 << 18) - 1 - n, 0)) > 0)
		n += (size_t)got;
	close(fd);
	return text;
}

static void
expect(const char *request, const char *const *has, const char *const *lacks)
{
	char *text = http(request);

	for (; *has != NULL; has++)
		cr_expect_not_null(strstr(text, *has), "no '%s' in: %s", *has, text);
	for (; *lacks != NULL; lacks++)
		cr_expect_null(strstr(text, *lacks), "'%s' in: %s", *lacks, text);
	free(text);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})
#define GET(what) "GET " what " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

Test(server, a_scrape_has_all_pages)
{
	start(GOOD, 0);
	expect(GET("/metrics") "\r\n",
		LIST("HTTP/1.1 200 OK\r\n", "application/openmetrics-text; version=1.0.0",
			"\ncgnat_up 1\n", "\ncgnat_mappings 42\n", "\ncgnat_journal_on 1\n",
			"\ncgnat_tenant_mappings{tenant=\"t0\",protocol=\"tcp\"} 10\n",
			"\ncgnat_tenant_mappings{tenant=\"t1\",protocol=\"tcp\"} 11\n",
			"\n# EOF\n"),
		NOTHING);
	expect(GET("/metrics?x=1") "Accept: text/plain\r\n\r\n",
		LIST("HTTP/1.1 200 OK\r\n", "text/plain; version=0.0.4", "\ncgnat_up 1\n"),
		LIST("# EOF"));
}

Test(server, a_daemon_that_is_away_is_up_0)
{
	start(GOOD, 0);
	daemon_ends();
	expect(GET("/metrics") "\r\n",
		LIST("HTTP/1.1 200 OK\r\n", "\ncgnat_up 0\n", "cgnat_exporter_build_info{",
			"\n# EOF\n"),
		LIST("cgnat_mappings", "cgnat_tenant"));
}

Test(server, an_answer_that_breaks_off_is_not_half_a_picture)
{
	start(HANGS_UP, 0);
	expect(GET("/metrics") "\r\n", LIST("\ncgnat_up 0\n", "\n# EOF\n"), LIST("cgnat_mappings"));
}

Test(server, junk_of_the_socket_is_up_0)
{
	start(JUNK, 0);
	expect(GET("/metrics") "\r\n", LIST("\ncgnat_up 0\n"), LIST("cgnat_mappings"));
}

Test(server, a_refused_command_leaves_its_own_metrics_out)
{
	start(REFUSES_TENANTS, 0);
	expect(GET("/metrics") "\r\n",
		LIST("\ncgnat_up 1\n", "\ncgnat_mappings 42\n",
			"\ncgnat_exporter_commands_refused 1\n"),
		LIST("cgnat_tenant_mappings{"));
}

Test(server, pages_in_circles_end)
{
	start(CIRCLES, 0);
	expect(GET("/metrics") "\r\n",
		LIST("\ncgnat_up 1\n", "\ncgnat_exporter_commands_refused 1\n"),
		LIST("cgnat_tenant_mappings{"));
}

Test(server, other_requests_get_clear_errors)
{
	start(GOOD, 0);
	expect(GET("/") "\r\n", LIST("HTTP/1.1 200 OK", "href=\"/metrics\""), NOTHING);
	expect(GET("/metric") "\r\n", LIST("HTTP/1.1 404 ", "the metrics are at /metrics"),
		NOTHING);
	expect(GET("/metrics/../x") "\r\n", LIST("HTTP/1.1 404 "), NOTHING);
	expect("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
	       "3\r\n\r\nabc",
		LIST("HTTP/1.1 405 ", "Allow: GET, HEAD", "only GET and HEAD"), NOTHING);
	expect("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		LIST("HTTP/1.1 200 OK", "openmetrics-text"), LIST("cgnat_up"));
	expect("\x01\x02\x03 junk\r\n\r\n", NOTHING, LIST("200 OK", "cgnat_up"));
	cr_expect_eq(atomic_load(&n_connections), 1, "only HEAD /metrics asks the daemon");
}

Test(server, a_young_answer_is_given_again)
{
	start(GOOD, 60000);
	for (int i = 0; i < 3; i++)
		expect(GET("/metrics") "\r\n", LIST("\ncgnat_up 1\n"), NOTHING);
	cr_expect_eq(atomic_load(&n_connections), 1);
}

static void *
scrape_some(void *arg)
{
	atomic_int *whole = arg;

	for (int i = 0; i < 10; i++) {
		char *text = http(GET("/metrics") "\r\n");
		size_t n = strlen(text);

		if (strstr(text, "\ncgnat_up 1\n") != NULL && n > 7 &&
			strcmp(text + n - 7, "\n# EOF\n") == 0)
			atomic_fetch_add(whole, 1);
		free(text);
	}
	return NULL;
}

Test(server, scrapes_at_one_time_are_whole_and_ask_one_by_one)
{
	pthread_t scrapers[8];
	atomic_int whole = 0;

	start(GOOD, 0);
	for (int i = 0; i < 8; i++)
		pthread_create(&scrapers[i], NULL, scrape_some, &whole);
	for (int i = 0; i < 8; i++)
		pthread_join(scrapers[i], NULL);
	cr_expect_eq(atomic_load(&whole), 80);
	cr_expect_eq(atomic_load(&n_connections), 80);
	cr_expect_not(atomic_load(&overlap));
}
