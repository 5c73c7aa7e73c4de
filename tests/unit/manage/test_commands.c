/* SPDX-License-Identifier: BSD-3-Clause */
/* Every telemetry command on a whole simulated box, over the real socket. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "command_table.h"
#include "load.h"
#include "reloader.h"
#include "requests.h"
#include "rig.h"
#include "written_log.h"

static struct cgn_sim *sim;

static void
open_udp(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec spec = packet_udp(
			SIM_A1 + i / 1000, (uint16_t)(5000 + i % 1000), SIM_PEER, 53);

		cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
		cgn_sim_run(sim);
	}
	cgn_sim_flush(sim, SIM_WAN);
}

static void
setup(void)
{
	char box[256];

	rig_start();
	snprintf(box, sizeof(box), "punt: {subscriber_burst: 99999}\n" FOLDERS, rig_dir(),
		rig_dir());
	sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = box, .a = "portctl: {natpmp: true, pcp: true}\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_captures_end(sim->box->captures, CGN_CAPTURE_EXIT);
	cgn_captures_poll(sim->box->captures, cgn_clock_now());
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(commands, .init = setup, .fini = teardown);

static const char *
str(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static json_int_t
num(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static json_t *
ask_ok(const char *request)
{
	json_t *answer = rig_ask(sim, request);

	cr_assert_not_null(answer, "%s", request);
	cr_assert_str_eq(str(answer, "status"), "ok", "%s: %s", request, str(answer, "message"));
	return answer;
}

static const json_t *
row(const json_t *answer, const char *name)
{
	return json_object_get(json_object_get(answer, "rows"), name);
}

/* Members of an object are those of fields.def, in their order; rows may lack some. */
static void
check_fields(const struct cgn_command *cmd, const char *where, json_t *object, bool all)
{
	size_t f = 0, n = 0;
	const char *key;
	json_t *v;

	json_object_foreach(object, key, v)
	{
		for (; f < cgn_n_fields; f++)
			if (&cgn_commands[cgn_fields[f].command] == cmd &&
				strcmp(cgn_fields[f].where, where) == 0 &&
				strcmp(cgn_fields[f].name, key) == 0)
				break;
		cr_expect_lt(f, cgn_n_fields, "%s: %s is not in fields.def, or in another place",
			cmd->verb, key);
	}
	for (f = 0; f < cgn_n_fields; f++)
		n += &cgn_commands[cgn_fields[f].command] == cmd &&
			strcmp(cgn_fields[f].where, where) == 0;
	if (all)
		cr_expect_eq(json_object_size(object), n, "%s: %s", cmd->verb, where);
}

/* A request with all that the command needs, and that gets all fields. */
static void
example(const struct cgn_command *cmd, char *request, size_t size)
{
	static const struct {
		enum cgn_param_id param;
		const char *text;
	} values[] = {{CGN_PARAM_TENANT, "tenant=a"}, {CGN_PARAM_ADDRESS, "address=100.64.0.10"},
		{CGN_PARAM_PROTO, "proto=tcp"}, {CGN_PARAM_INSIDE, "inside=100.64.0.21:443"},
		{CGN_PARAM_OUTSIDE, "outside=203.0.113.18:8443"}, {CGN_PARAM_CAPTURE, "capture=1"},
		{CGN_PARAM_DRY_RUN, "dry_run=true"}, {CGN_PARAM_FROM, "from=100.64.0.10:5000"},
		{CGN_PARAM_TO, "to=192.0.2.1:53/udp,port=access"}, {CGN_PARAM_SESSION, "session=x"},
		{CGN_PARAM_TRANSPORT, "transport=203.0.113.18:8443/udp"},
		{CGN_PARAM_POOL, "address=203.0.113.20"},
		{CGN_PARAM_NEW_ADDRESS, "new_address=100.64.0.11"},
		{CGN_PARAM_AT, "at=2026-09-22T00:00:00Z"}};
	const uint64_t given = cmd->needs | (cmd->takes & UINT64_C(1) << CGN_PARAM_SESSION);
	size_t n = (size_t)snprintf(request, size, "%s", cmd->path);

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (given >> values[i].param & 1)
			n += (size_t)snprintf(request + n, size - n, ",%s", values[i].text);
	if (cmd->takes >> CGN_PARAM_BY_TENANT & 1)
		n += (size_t)snprintf(request + n, size - n, ",by_tenant=true");
	if (cmd->takes >> CGN_PARAM_ALL & 1) /* also what has not happened yet */
		snprintf(request + n, size - n, ",all=true");
}

/* A request that is refused and one that is not: inside port 0, and the outside address. */
static void
ask_natpmp(void)
{
	static const uint8_t payload[12] = {0, 1};
	struct packet_spec spec = packet_udp(SIM_A1, 40000, SIM_GATEWAY, 5351);

	spec.payload = payload;
	for (spec.payload_len = 2; spec.payload_len <= 12; spec.payload_len += 10) {
		cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
		cgn_sim_run(sim);
	}
}

/* What a daemon would answer whose files say what another box was made of. */
static void
pretend_to_reload(void *ctx, bool dry_run, struct cgn_reload_result *result)
{
	const struct cgn_sim *other = ctx;

	result->outcome = dry_run ? CGN_RELOAD_DRY_RUN : CGN_RELOAD_APPLIED;
	strcpy(result->message, "as said");
	cr_assert_eq(cgn_conf_diff(sim->conf, other->conf, &result->diff), 0);
}

Test(commands, every_command_answers_with_the_fields_that_are_declared)
{
	struct cgn_sim *other = cgn_sim_create(
		&(struct cgn_sim_params){.a = "quota: {burst: 7}\n"});
	const struct cgn_reloader reloader = {pretend_to_reload, other};

	cgn_manage_set_reloader(&reloader);
	rig_beside(sim);
	written_log(rig_dir());
	open_udp(3);
	ask_natpmp();
	json_decref(ask_ok("/cgnat/capture/start,tenant=b"));
	json_decref(ask_ok("/cgnat/map/add,tenant=a,proto=udp,inside=100.64.0.20:4,"
			   "outside=203.0.113.17:8443"));
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		const struct cgn_command *cmd = &cgn_commands[c];
		const bool all = c != CGN_COMMAND_RELOAD; /* it has no error to tell */
		char request[128];
		json_t *answer;

		example(cmd, request, sizeof(request));
		answer = ask_ok(request);
		if (cmd->shape != CGN_SHAPE_LIST)
			check_fields(cmd, "item", json_object_get(answer, "item"), all);
		if (cmd->shape != CGN_SHAPE_ITEM) {
			cr_expect_gt(num(answer, "n"), 0, "%s has rows", cmd->verb);
			check_fields(cmd, "rows", (json_t *)row(answer, "r0"), all);
		}
		json_decref(answer);
	}
	cgn_manage_set_reloader(NULL);
	cgn_sim_destroy(other);
}

/* What a daemon would answer whose files have an error with a long text. */
static void
pretend_to_fail(void *ctx, bool dry_run, struct cgn_reload_result *result)
{
	static const char bad[] = "log: {level: loud}\nfile_prefix: \"a/b\"\n";
	const struct cgn_conf_source source = {"box.yaml", bad, sizeof(bad) - 1};

	cr_assert_null(cgn_conf_load_mem(&source, 1, &result->errors));
	result->outcome = CGN_RELOAD_BAD;
	memset(result->message, 'm', 200);
	*(bool *)ctx = dry_run;
}

Test(commands, reload_answers_every_error_with_its_place_and_whole_text)
{
	bool dry_run = true;
	const struct cgn_reloader reloader = {pretend_to_fail, &dry_run};
	json_t *answer;
	const json_t *item;

	cgn_manage_set_reloader(&reloader);
	answer = ask_ok("/cgnat/reload,dry_run=false");
	cgn_manage_set_reloader(NULL);
	item = json_object_get(answer, "item");
	cr_expect_not(dry_run);
	cr_expect_str_eq(str(item, "outcome"), "bad");
	cr_expect_eq(strlen(str(item, "message")), 127);
	cr_expect_eq(strlen(str(item, "message_more")), 200 - 127);
	cr_expect_gt(num(item, "errors"), 1);
	cr_expect_eq(num(item, "errors"), num(answer, "n"));
	check_fields(&cgn_commands[CGN_COMMAND_RELOAD], "rows", (json_t *)row(answer, "r0"), false);
	cr_expect_str_eq(str(row(answer, "r0"), "at"), "box.yaml:1:1");
	json_decref(answer);
}

Test(commands, reload_does_nothing_unless_it_is_said_whether_to_apply)
{
	bool was_asked = true;
	const struct cgn_reloader reloader = {pretend_to_fail, &was_asked};
	json_t *answer;

	cgn_manage_set_reloader(&reloader);
	answer = rig_ask(sim, "/cgnat/reload,id=7");
	cgn_manage_set_reloader(NULL);
	cr_expect_str_eq(str(answer, "status"), "error");
	cr_expect_str_eq(str(answer, "parameter"), "dry_run");
	cr_expect(was_asked, "the reloader, which clears it, was not called");
	json_decref(answer);
}

Test(commands, reload_without_a_reloader_is_an_error)
{
	json_t *answer = rig_ask(sim, "/cgnat/reload,dry_run=true");

	cr_assert_str_eq(str(answer, "status"), "error");
	json_decref(answer);
}

Test(commands, mappings_are_found_by_each_filter)
{
	static const struct {
		const char *filter;
		int n;
	} rows[] = {{"", 3}, {",tenant=a", 3}, {",tenant=b", 0}, {",proto=udp", 3},
		{",proto=tcp", 0}, {",tenant=a,subscriber=100.64.0.10", 3},
		{",tenant=a,subscriber=100.64.0.11", 0}, {",tenant=b,subscriber=100.64.0.10", 0}};
	char request[128];
	json_t *answer;

	open_udp(3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), "/cgnat/mappings%s", rows[i].filter);
		answer = ask_ok(request);
		cr_expect_eq(num(answer, "n"), rows[i].n, "%s", request);
		json_decref(answer);
	}
	answer = ask_ok("/cgnat/mappings,limit=1");
	snprintf(request, sizeof(request), "/cgnat/mappings,outside=%s",
		str(row(answer, "r0"), "outside"));
	json_decref(answer);
	answer = ask_ok(request);
	cr_expect_eq(num(answer, "n"), 1);
	cr_expect_str_eq(str(row(answer, "r0"), "tenant"), "a");
	cr_expect_eq(num(answer, "next"), 0);
	json_decref(answer);
}

/* Follows the pages of a list; returns the rows in all, and counts the pages. */
static json_int_t
follow(const char *list, int limit, int *pages)
{
	json_int_t n = 0, next = 0;

	*pages = 0;
	do {
		char request[128];
		json_t *answer;

		snprintf(request, sizeof(request), "%s,cursor=%lld,limit=%d", list, (long long)next,
			limit);
		answer = ask_ok(request);
		n += num(answer, "n");
		cr_expect_leq(num(answer, "n"), limit);
		next = num(answer, "next");
		cr_expect_eq(num(answer, "truncated"), next != 0);
		json_decref(answer);
		++*pages;
	} while (next != 0);
	return n;
}

Test(commands, pages_hold_every_mapping_once)
{
	int pages;

	open_udp(1500);
	cr_expect_eq(follow("/cgnat/mappings", 64, &pages), 1500);
	cr_expect_geq(pages, 24);
	cr_expect_eq(follow("/cgnat/mappings", 1, &pages), 1500);
	cr_expect_eq(follow("/cgnat/mappings,tenant=a,subscriber=100.64.0.10", 7, &pages), 1000);
	cr_expect_eq(follow("/cgnat/subscribers", 1, &pages), 2);
	cr_expect_eq(follow("/cgnat/fates,all=true", 64, &pages), CGN_N_FATES);
	cr_expect_eq(follow("/cgnat/pools", 5, &pages), 33);
	cr_expect_eq(follow("/cgnat/workers", 1, &pages), 2);
	cr_expect_eq(follow("/cgnat/tenants", 1, &pages), 3);
}

Test(commands, fates_by_tenant_sum_up_to_those_of_the_box)
{
	static const char *const names[] = {"in2out", "resume_miss"};
	int pages;

	open_udp(300);
	for (size_t f = 0; f < sizeof(names) / sizeof(names[0]); f++) {
		json_t *box = ask_ok("/cgnat/fates,all=true"), *split;
		json_int_t sum = 0, n = 0;
		const char *key;
		json_t *each;

		split = ask_ok("/cgnat/fates,by_tenant=true");
		cr_expect_eq(num(split, "next"), 0);
		json_object_foreach(json_object_get(split, "rows"), key, each)
		{
			cr_expect_gt(num(each, "packets"), 0);
			if (strcmp(str(each, "fate"), names[f]) == 0) {
				sum += num(each, "packets");
				n++;
			}
		}
		json_object_foreach(json_object_get(box, "rows"), key, each)
		{
			if (strcmp(str(each, "fate"), names[f]) == 0)
				cr_expect_eq(num(each, "packets"), sum, "%s", names[f]);
		}
		cr_expect_eq(n > 0, sum > 0);
		json_decref(box);
		json_decref(split);
	}
	cr_expect_eq(follow("/cgnat/fates,by_tenant=true,all=true", 64, &pages), 4 * CGN_N_FATES);
	cr_expect_eq(follow("/cgnat/fates,by_tenant=true,all=true", 1, &pages), 4 * CGN_N_FATES);
	cr_expect_eq(follow("/cgnat/requests,by_tenant=true,all=true", 64, &pages),
		3 * CGN_N_REQUEST_COUNTERS);
}

Test(commands, ended_mappings_are_not_shown)
{
	int pages;

	open_udp(10);
	cgn_sim_elapse_s(sim, 400);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_expect_eq(follow("/cgnat/mappings", 64, &pages), 0);
}

Test(commands, info_shows_the_law)
{
	json_t *answer;

	open_udp(5);
	answer = ask_ok("/cgnat/info");
	cr_expect_eq(num(json_object_get(answer, "item"), "difference"), 0);
	cr_expect_eq(num(json_object_get(answer, "item"), "received"), (json_int_t)sim->n_sent);
	cr_expect_eq(num(json_object_get(answer, "item"), "mappings"), 5);
	json_decref(answer);
}

static void
refused(const char *request, const char *param)
{
	json_t *answer = rig_ask(sim, request);

	cr_assert_not_null(answer, "%s", request);
	cr_expect_str_eq(str(answer, "status"), "error", "%s", request);
	cr_expect_str_eq(str(answer, "parameter"), param, "%s", request);
	json_decref(answer);
}

Test(commands, names_that_do_not_exist_are_refused_by_name)
{
	refused("/cgnat/tenant,tenant=nobody", "tenant");
	refused("/cgnat/tenant", "tenant");
	refused("/cgnat/subscriber,tenant=a,address=192.0.2.1", "address");
	refused("/cgnat/mappings,subscriber=100.64.0.10", "subscriber");
	refused("/cgnat/mappings,outside=192.0.2.1:80", "outside");
	refused("/cgnat/fates,worker=9", "worker");
	refused("/cgnat/fates,port=none", "port");
	refused("/cgnat/fates,tenant=a,port=wan", "port");
	refused("/cgnat/fates,tenant=a,by_tenant=true", "by_tenant");
	refused("/cgnat/requests,tenant=a,by_tenant=true", "by_tenant");
}

Test(commands, junk_gets_an_error_and_cursors_from_anywhere_an_answer)
{
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		char request[1024];
		size_t n = (size_t)snprintf(request, sizeof(request), "%s,", cgn_commands[c].path),
		       size;
		json_t *answer;

		memset(request + n, 0xfe, sizeof(request) - n);
		answer = rig_ask_bytes(sim, request, sizeof(request), &size);
		cr_assert_not_null(answer);
		cr_expect_str_eq(str(answer, "status"), "error");
		json_decref(answer);
	}
	for (int bits = 0; bits <= 64; bits++) {
		static const char *const lists[] = {"mappings,", "mappings,tenant=a,", "pools,",
			"explicit,", "explicit,tenant=a,", "blocks,", "subscribers,tenant=a,",
			"neighbours,", "routes,", "fates,", "fates,by_tenant=true,", "requests,",
			"requests,by_tenant=true,", "ports,", "tenants,", "tenant,tenant=a,",
			"mappings,tenant=a,subscriber=100.64.0.10,", "originated,",
			"trace/subscriber,tenant=a,address=100.64.0.10,"};
		unsigned long long cursor = bits == 64 ? UINT64_MAX : 1ull << bits;

		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
			char request[128];

			snprintf(
				request, sizeof(request), "/cgnat/%scursor=%llu", lists[i], cursor);
			json_decref(ask_ok(request));
		}
	}
}

Test(commands, after_detach_they_say_that_the_daemon_stops)
{
	cgn_manage_detach();
	refused("/cgnat/info", "");
	refused("/cgnat/mappings", "");
}

static void
expect_refused(const char *request, const char *parameter)
{
	json_t *answer = rig_ask(sim, request);

	cr_expect_str_eq(str(answer, "status"), "error", "%s", request);
	cr_expect_str_eq(
		str(answer, "parameter"), parameter, "%s: %s", request, str(answer, "message"));
	json_decref(answer);
}

Test(commands, a_capture_is_bounded_and_its_file_is_not_the_clients_choice)
{
	json_t *answer = ask_ok(
		"/cgnat/capture/start,tenant=a,subscriber=100.64.0.10,peer=192.0.2.1,"
		"proto=udp,side=outside,packets=7,seconds=3,snaplen=100");
	const char *file = str(json_object_get(answer, "item"), "file");
	const json_t *r;

	cr_assert_eq(strncmp(file, rig_dir(), strlen(rig_dir())), 0, "%s", file);
	json_decref(answer);
	expect_refused("/cgnat/capture/start,tenant=a,file=/etc/passwd", "");
	expect_refused("/cgnat/capture/start,tenant=zz", "tenant");
	expect_refused("/cgnat/capture/start,tenant=a,subscriber=192.0.2.1", "subscriber");
	expect_refused("/cgnat/capture/start,tenant=a,seconds=3601", "seconds");
	expect_refused("/cgnat/capture/start,tenant=a,snaplen=1985", "snaplen");
	expect_refused("/cgnat/capture/start,tenant=a,side=up", "side");
	expect_refused("/cgnat/capture/start,tenant=a,bytes=300000000", "bytes"); /* max_mib 256 */
	expect_refused("/cgnat/capture/stop,capture=2", "capture");
	answer = ask_ok("/cgnat/captures");
	cr_assert_eq(num(answer, "n"), 1);
	r = row(answer, "r0");
	cr_expect_str_eq(str(r, "subscriber"), "100.64.0.10");
	cr_expect_str_eq(str(r, "peer"), "192.0.2.1");
	cr_expect_str_eq(str(r, "proto"), "udp");
	cr_expect_str_eq(str(r, "side"), "outside");
	cr_expect_str_eq(str(r, "state"), "running");
	cr_expect_eq(num(r, "packets_max"), 7);
	json_decref(answer);
	json_decref(ask_ok("/cgnat/capture/stop,capture=1"));
	cgn_captures_poll(sim->box->captures, cgn_clock_now());
	expect_refused("/cgnat/capture/stop,capture=1", "capture");
}
