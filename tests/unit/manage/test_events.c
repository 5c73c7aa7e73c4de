/* SPDX-License-Identifier: BSD-3-Clause */
/* What is recorded of acts through the real socket, and of whom it says that he asked. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <rte_eal.h>

#include "commands.h"
#include "control.h"
#include "peers.h"
#include "rig.h"

static struct cgn_sim *sim;

static void
setup(void)
{
	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){0});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(events, .init = setup, .fini = teardown);

static const char *
str(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static void
ask(const char *request, const char *status)
{
	json_t *answer = rig_ask(sim, request);

	cr_assert_str_eq(str(answer, "status"), status, "%s: %s", request, str(answer, "message"));
	json_decref(answer);
}

/* The newest events; the caller's. */
static json_t *
events(const char *params)
{
	char request[128];
	json_t *answer;

	snprintf(request, sizeof(request), "/cgnat/events%s", params);
	answer = rig_ask(sim, request);
	cr_assert_str_eq(str(answer, "status"), "ok", "%s", str(answer, "message"));
	return answer;
}

static const json_t *
row(const json_t *answer, const char *name)
{
	return json_object_get(json_object_get(answer, "rows"), name);
}

static const char *
self(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "uid=%u pid=%u", getuid(), (unsigned int)getpid());
	return text;
}

static const char add[] = "/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:443,"
			  "outside=203.0.113.17:8443";
static const char was_added[] = "tenant=a proto=tcp inside=100.64.0.10:443 "
				"outside=203.0.113.17:8443";

Test(events, an_act_says_who_what_and_what_it_changed)
{
	char request[200];
	json_t *answer;
	const json_t *r;

	snprintf(request, sizeof(request), "%s,by=mallory", add);
	ask(request, "ok");
	ask("/cgnat/map/clear,tenant=a,subscriber=100.64.0.10", "ok");
	ask("/cgnat/map/delete,tenant=a,proto=tcp,inside=100.64.0.10:443", "ok");
	answer = events("");
	cr_assert_eq(json_integer_value(json_object_get(answer, "n")), 3);
	r = row(answer, "r2");
	cr_expect_str_eq(str(r, "event"), "map_add");
	cr_expect_str_eq(str(r, "outcome"), "done");
	cr_expect_str_eq(str(r, "via"), "telemetry");
	cr_expect_str_eq(str(r, "by"), self());
	cr_expect_str_eq(str(r, "claimed"), "mallory");
	cr_expect_str_eq(str(r, "details"), was_added);
	r = row(answer, "r1");
	cr_expect_str_eq(str(r, "event"), "map_clear");
	cr_expect_str_eq(str(r, "claimed"), "-");
	cr_expect_str_eq(
		str(r, "details"), "tenant=a subscriber=100.64.0.10 mappings=0 explicit=0");
	cr_expect_str_eq(str(row(answer, "r0"), "event"), "map_delete");
	cr_expect_not_null(strstr(str(row(answer, "r0"), "details"), "origin=operator"));
	json_decref(answer);
}

Test(events, a_refused_act_is_recorded_with_the_reason)
{
	json_t *answer;
	const json_t *r;

	ask("/cgnat/map/add,tenant=nobody,proto=tcp,inside=100.64.0.10:443,outside=203.0.113.17:1",
		"error");
	ask("/cgnat/map/add,tenant=a", "error"); /* not understood: nothing was asked for */
	ask("/cgnat/reload,dry_run=true", "error");
	ask("/cgnat/reload,dry_run=false", "error"); /* there is no daemon here */
	answer = events("");
	cr_assert_eq(json_integer_value(json_object_get(answer, "n")), 2);
	r = row(answer, "r1");
	cr_expect_str_eq(str(r, "outcome"), "refused");
	cr_expect_not_null(strstr(str(r, "details"), "no tenant is called 'nobody'"));
	r = row(answer, "r0");
	cr_expect_str_eq(str(r, "event"), "reload");
	cr_expect_str_eq(str(r, "outcome"), "refused");
	json_decref(answer);
}

Test(events, pages_and_bounds_are_followed)
{
	json_t *answer;
	json_int_t next;
	char params[64];

	for (int i = 0; i < 40; i++)
		ask("/cgnat/map/clear,tenant=a,subscriber=100.64.0.10", "ok");
	answer = events(",limit=30");
	cr_expect_eq(json_integer_value(json_object_get(answer, "n")), 30);
	next = json_integer_value(json_object_get(answer, "next"));
	json_decref(answer);
	snprintf(params, sizeof(params), ",cursor=%lld", (long long)next);
	answer = events(params);
	cr_expect_eq(json_integer_value(json_object_get(answer, "n")), 10);
	cr_expect_eq(json_integer_value(json_object_get(answer, "next")), 0);
	cr_expect_eq(json_integer_value(json_object_get(row(answer, "r0"), "number")), 10);
	json_decref(answer);
	answer = events("");
	cr_expect_eq(json_integer_value(json_object_get(answer, "n")), 40);
	json_decref(answer);
	answer = events(",since=37");
	cr_expect_eq(json_integer_value(json_object_get(answer, "n")), 3);
	json_decref(answer);
	answer = events(",within=3600");
	cr_expect_eq(json_integer_value(json_object_get(answer, "n")), 40);
	json_decref(answer);
}

/* Another connection, of user uid, that is open until the child is told to end. */
static pid_t
connect_as(uid_t uid)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char hello[1024], ready = 0;
	int pipes[2];
	pid_t child;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dpdk_telemetry.v2",
		rte_eal_get_runtime_dir());
	cr_assert_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

		/* Real and saved users stay: the kernel tells the effective one. */
		if (seteuid(uid) < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
			recv(fd, hello, sizeof(hello), 0) <= 0)
			_exit(1);
		ready = 1;
		if (write(pipes[1], &ready, 1) == 1)
			pause();
		_exit(0);
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &ready, 1), 1, "the other connection was not made");
	close(pipes[0]);
	return child;
}

static void
disconnect(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

Test(events, two_connections_of_one_user_are_that_user)
{
	pid_t child = connect_as(geteuid());
	char uid[32];
	json_t *answer;

	ask(add, "ok");
	answer = events("");
	snprintf(uid, sizeof(uid), "uid=%u", getuid());
	cr_expect_str_eq(str(row(answer, "r0"), "by"), uid);
	json_decref(answer);
	disconnect(child);
}

Test(events, connections_of_several_users_are_nobodys)
{
	enum { OTHER = 65534 };
	struct cgn_peers peers;
	char path[256];
	json_t *answer;
	pid_t child;

	if (geteuid() != 0)
		cr_skip_test("needs root, to be somebody else");
	snprintf(path, sizeof(path), "%s/dpdk_telemetry.v2", rte_eal_get_runtime_dir());
	cr_assert_eq(chmod(path, 0666), 0);
	for (int level = 0; level < 3; level++) { /* those that the rig and EAL have made */
		*strrchr(path, '/') = '\0';
		cr_assert_eq(chmod(path, 0711), 0);
	}
	child = connect_as(OTHER);
	cgn_peers_look(&peers);
	cr_expect_eq(peers.n, 2);
	cr_expect(peers.differ);
	ask(add, "ok");
	answer = events("");
	cr_expect_str_eq(str(row(answer, "r0"), "by"), "uid=unknown");
	json_decref(answer);
	disconnect(child);
}

Test(events, other_sockets_are_not_looked_at)
{
	struct cgn_peers peers;

	cgn_peers_look_at(&peers, "/no/such/socket");
	cr_expect_eq(peers.n, 0);
	cgn_peers_look(&peers);
	cr_expect_eq(peers.n, 1);
	cr_expect_eq(peers.pid, getpid());
	cr_expect_not(peers.differ);
}
