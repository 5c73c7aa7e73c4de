/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgnat-exporter: answers Prometheus and its like with what cgnatd's telemetry socket says.
 * options → server (HTTP) → snapshot (ask the daemon) → exposition (text). Needs no DPDK.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "exposition.h"
#include "server.h"

enum { MAX_AGE_MS = 1000, MAX_AGE_LIMIT_MS = 60000 };

struct options {
	const char *listen;
	struct cgn_client_where where;
	unsigned int max_age_ms;
	bool once, done;
};

static const struct cgn_option table[] = {
#define OPTION(k, n, v, text) {.key = k, .name = n, .value = v, .help = text},
#include "options.def"
#undef OPTION
};

enum { N_OPTIONS = sizeof(table) / sizeof(table[0]) };

static void
help(void)
{
	puts("cgnat-exporter answers Prometheus and its like with the metrics of cgnatd.\n\n"
	     "usage: cgnat-exporter [options]\n\noptions:");
	cgn_cmdline_print(stdout, table, N_OPTIONS);
	puts("\nexit status: 0 told to stop, or done; 1 cannot serve; 2 wrong usage; 3 --once: no "
	     "answer from the daemon");
}

static bool
parse_age(struct options *o, const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	o->max_age_ms = (unsigned int)value;
	if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
		value <= MAX_AGE_LIMIT_MS)
		return true;
	fprintf(stderr, "cgnat-exporter: --max-age: '%s' is not a number from 0 to %d\n", text,
		MAX_AGE_LIMIT_MS);
	return false;
}

static bool
parse_option(struct options *o, int c)
{
	switch (c) {
	case 'l':
		o->listen = optarg;
		return true;
	case 's':
		o->where.socket = optarg;
		return true;
	case 'p':
		o->where.prefix = optarg;
		o->where.socket = NULL;
		return true;
	case 'm':
		return parse_age(o, optarg);
	case 'o':
		o->once = true;
		return true;
	case 'h':
		help();
		o->done = true;
		return true;
	case 'V':
		puts("cgnat-exporter " CGN_VERSION);
		o->done = true;
		return true;
	default:
		fputs("try: cgnat-exporter --help\n", stderr);
		return false;
	}
}

static bool
parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = cgn_cmdline_next(table, N_OPTIONS, argc, argv)) != -1) {
		if (!parse_option(o, c))
			return false;
		if (o->done)
			return true;
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "cgnat-exporter: '%s' is too much; see --help\n", argv[optind]);
	return false;
}

/* getaddrinfo takes 99999 for 34463. */
static bool
is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= 5 && text[n] == '\0' && strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* "127.0.0.1:9469", "[::1]:9469". NULL with the reason printed. */
static struct addrinfo *
resolve(const char *text)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	const char *colon = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	struct addrinfo *found = NULL;
	char host[64];

	if (n > 0 && n < sizeof(host) && is_port(colon + 1)) {
		bool brackets = n > 2 && text[0] == '[' && colon[-1] == ']';

		snprintf(host, sizeof(host), "%.*s", (int)(brackets ? n - 2 : n), text + brackets);
		if (getaddrinfo(host, colon + 1, &hints, &found) == 0)
			return found;
	}
	fprintf(stderr, "cgnat-exporter: --listen: '%s' is not like 127.0.0.1:9469 or [::1]:9469\n",
		text);
	return NULL;
}

static int
run_once(const struct options *o)
{
	struct cgn_snapshot snapshot;
	int rc = 0;

	if (!cgn_snapshot_init(&snapshot)) {
		fputs("cgnat-exporter: not enough memory\n", stderr);
		return 1;
	}
	cgn_snapshot_take(&snapshot, &o->where);
	cgn_exposition_write(stdout, &snapshot, CGN_PROMETHEUS);
	if (!snapshot.up || snapshot.n_refused > 0)
		fprintf(stderr, "cgnat-exporter: %s\n", snapshot.why);
	if (!snapshot.up)
		rc = 3;
	cgn_snapshot_fini(&snapshot);
	if (fflush(stdout) != 0) {
		fputs("cgnat-exporter: the output cannot be written\n", stderr);
		rc = 1;
	}
	return rc;
}

static int
run_server(const struct options *o, const struct addrinfo *listen)
{
	static struct cgn_server server;
	sigset_t ends;
	int rc, signal;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL); /* before there are threads, which inherit it */
	server.where = o->where;
	server.max_age_ms = o->max_age_ms;
	rc = cgn_server_start(&server, listen);
	if (rc < 0) {
		fprintf(stderr, "cgnat-exporter: cannot listen on %s: %s\n", o->listen,
			strerror(-rc));
		return 1;
	}
	fprintf(stderr, "cgnat-exporter: serving http://%.*s:%u/metrics\n",
		(int)(strrchr(o->listen, ':') - o->listen), o->listen, cgn_server_port(&server));
	sigwait(&ends, &signal);
	cgn_server_stop(&server);
	return 0;
}

int
main(int argc, char **argv)
{
	struct options options = {.listen = "127.0.0.1:9469",
		.where = {.prefix = "cgnatd", .socket = getenv("CGNATCTL_SOCKET")},
		.max_age_ms = MAX_AGE_MS};
	struct addrinfo *listen;
	int rc;

	if (!parse(&options, argc, argv))
		return 2;
	if (options.done)
		return 0;
	if (options.once)
		return run_once(&options);
	listen = resolve(options.listen);
	if (listen == NULL)
		return 2;
	rc = run_server(&options, listen);
	freeaddrinfo(listen);
	return rc;
}
