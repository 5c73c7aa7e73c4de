/* SPDX-License-Identifier: BSD-3-Clause */
/* See rig.h. */
#include "rig.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <rte_eal.h>

#include "natlog_status.h"
#include "scratch.h"

static struct cgn_radius *radius;

static char dir[SCRATCH_LEN];
static int client = -1;

static void
die(const char *what)
{
	fprintf(stderr, "rig: %s: %s\n", what, strerror(errno));
	abort();
}

static void
connect_client(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char hello[1024];

	if (snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dpdk/rig/dpdk_telemetry.v2", dir) >=
		(int)sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		die(dir);
	}
	client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (client < 0 || connect(client, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die(addr.sun_path);
	if (recv(client, hello, sizeof(hello), 0) <= 0)
		die("hello");
}

void
rig_start(void)
{
	char texts[][40] = {"rig", "--no-huge", "-m256", "--no-pci", "--lcores=0@(0-1)",
		"--file-prefix=rig", "--log-level=lib.eal:4", "--log-level=pmd.net.ring:4"};
	enum { N = sizeof(texts) / sizeof(texts[0]) };
	char *args[N + 1] = {NULL};

	if (mkdtemp(scratch_template(dir, "manage")) == NULL ||
		setenv("RUNTIME_DIRECTORY", dir, 1) < 0)
		die(dir);
	for (int i = 0; i < N; i++)
		args[i] = texts[i];
	if (rte_eal_init(N, args) < 0)
		die("rte_eal_init");
	connect_client();
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
rig_stop(void)
{
	cgn_radius_destroy(radius);
	radius = NULL;
	close(client);
	rte_eal_cleanup();
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *
rig_dir(void)
{
	return dir;
}

json_t *
rig_ask_bytes(struct cgn_sim *sim, const void *request, size_t len, size_t *size)
{
	static char buf[65536];
	json_t *outer, *answer;
	ssize_t n;

	if (send(client, request, len, 0) != (ssize_t)len)
		die("send");
	do {
		if (sim != NULL)
			cgn_sim_poll_control(sim);
		n = recv(client, buf, sizeof(buf), MSG_DONTWAIT);
	} while (n < 0 && errno == EAGAIN);
	if (n <= 0)
		die("recv");
	*size = (size_t)n;
	outer = json_loadb(buf, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	if (outer == NULL || json_object_size(outer) != 1) {
		json_decref(outer);
		return NULL;
	}
	answer = json_incref(json_object_iter_value(json_object_iter(outer)));
	json_decref(outer);
	return answer;
}

json_t *
rig_ask(struct cgn_sim *sim, const char *request)
{
	size_t size;

	return rig_ask_bytes(sim, request, strlen(request), &size);
}

json_t *
rig_ok(struct cgn_sim *sim, const char *request)
{
	json_t *answer = rig_ask(sim, request);

	cr_assert_not_null(answer, "%s", request);
	cr_assert_str_eq(
		rig_str(answer, "status"), "ok", "%s: %s", request, rig_str(answer, "message"));
	return answer;
}

const char *
rig_str(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

json_int_t
rig_num(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

const json_t *
rig_row(const json_t *answer, const char *name)
{
	return json_object_get(json_object_get(answer, "rows"), name);
}

static void
add_log(struct cgn_sim *sim)
{
	/* A collector that takes records, a syslog server that is away. */
	static struct cgn_natlog_status status = {.lock = PTHREAD_MUTEX_INITIALIZER,
		.n_outputs = 2,
		.n_away = 1,
		.outputs = {{.form = "ipfix",
				    .transport = "tls",
				    .to = "192.0.2.80:4740",
				    .is_up = true,
				    .n_records = 7},
			{.form = "syslog",
				.transport = "tcp",
				.to = "192.0.2.90:601",
				.is_away = true,
				.n_lost = 3,
				.n_failures = 2,
				.error = "Connection refused"}}};

	sim->box->control->natlog.status = &status;
}

void
rig_beside(struct cgn_sim *sim)
{
	struct cgn_radius_settings *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->n_listens = s->n_tenants = s->n_clients = 1;
	s->listens = calloc(1, sizeof(*s->listens));
	s->tenants = calloc(1, sizeof(*s->tenants));
	s->clients = calloc(1, sizeof(*s->clients));
	radius = cgn_radius_create(s, NULL, NULL);
	if (radius == NULL || s->listens == NULL || s->tenants == NULL || s->clients == NULL)
		abort();
	sim->box->radius = radius;
	add_log(sim);
}
