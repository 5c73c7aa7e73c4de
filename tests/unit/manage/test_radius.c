/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RADIUS accounting from the datagram to the packets of subscribers, and what the operator sees of
 * it: lib/radius before a simulated box, whose sessions it changes.
 */
#include "radius.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "commands.h"
#include "request_build.h"
#include "rig.h"
#include "scratch.h"
#include "session.h"

enum { CLIENT = 0xc0000240, LOCALHOST = 0x7f000001 };

static struct cgn_sim *sim;
static struct cgn_radius *radius;
static char secret_path[SCRATCH_LEN];
static uint8_t answer[CGN_RADIUS_MAX];
static uint64_t utc_ms = UINT64_C(1700000000000);
static uint8_t next_id;

/* The mailbox to control, in one thread. */
static int
apply(void *ctx, struct cgn_session_change *changes, uint32_t n)
{
	static struct cgn_session_batch batch;

	(void)ctx;
	batch.n = n;
	batch.n_done = 0;
	memcpy(batch.changes, changes, n * sizeof(*changes));
	while (batch.n_done < n) {
		cgn_session_batch_run(sim->box->control, &batch);
		cgn_sim_run(sim);
	}
	memcpy(changes, batch.changes, n * sizeof(*changes));
	return 0;
}

static void
write_secret(void)
{
	int fd = mkstemp(scratch_template(secret_path, "radius-secret")); /* mode 0600 */

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, RB_SECRET, strlen(RB_SECRET)), (ssize_t)strlen(RB_SECRET));
	close(fd);
}

static void
setup(void)
{
	struct cgn_radius_settings *settings;
	struct cgn_errmsg err;
	char lines[1024];

	rig_start();
	write_secret();
	snprintf(lines, sizeof(lines),
		"classes: [{name: gold, udp: 2}]\n"
		"attachments:\n"
		"  - {port: access, address: 100.64.0.1/22, binding: access, subscribers: "
		"[{prefix: 100.64.0.0/22, sessions: true}]}\n"
		"radius: {listen: 127.0.0.1, secret_file: \"%s\", clients: [192.0.2.64/28], "
		"class_from: filter_id}\n",
		secret_path);
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = lines});
	settings = cgn_radius_settings_create(sim->box->dir, &err);
	cr_assert_not_null(settings, "%s", err.text);
	cr_assert_eq(settings->n_listens, 1);
	cr_assert_eq(settings->listens[0].addr, LOCALHOST);
	cr_assert_eq(settings->listens[0].port, 1813);
	radius = cgn_radius_create(settings, apply, NULL);
	sim->box->radius = radius;
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	sim->box->radius = NULL;
	cgn_radius_destroy(radius);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
	unlink(secret_path);
	rig_stop();
}

TestSuite(radius, .init = setup, .fini = teardown);

static void
begin(struct rb_packet *p, uint32_t status, const char *session, const char *user)
{
	rb_begin(p, next_id++);
	rb_number(p, RB_STATUS, status);
	rb_text(p, RB_SESSION, session);
	rb_text(p, RB_USER, user);
	rb_number(p, RB_NAS, CLIENT);
	rb_number(p, RB_ADDRESS, SIM_A1);
}

/* Sends it a second after the one before; was it answered? */
static bool
serve(struct rb_packet *p)
{
	struct cgn_radius_datagram d = {
		.src = CLIENT, .src_port = 40000, .bytes = p->bytes, .answer = answer};

	rb_sign(p);
	d.len = p->len;
	cgn_sim_jump_s(sim, 1);
	utc_ms += 1000;
	cgn_radius_serve(radius, &d, 1, sim->now, utc_ms);
	return d.answer_len > 0;
}

static bool
say(uint32_t status, const char *session, const char *user)
{
	struct rb_packet p;

	begin(&p, status, session, user);
	return serve(&p);
}

/* Does a packet of a1 come out at the WAN? */
static bool
passes(uint16_t port)
{
	struct packet_spec spec = packet_udp(SIM_A1, port, SIM_PEER, 53);
	struct cgn_sim_frame frame;
	bool got;

	cgn_sim_flush(sim, SIM_WAN);
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
	cgn_sim_run(sim);
	got = cgn_sim_receive(sim, SIM_WAN, &frame);
	return got;
}

Test(radius, start_serves_an_address_and_stop_ends_it)
{
	cr_expect_not(passes(5000));
	cr_expect_eq(cgn_sim_fate(sim, "no_session"), 1);
	cr_expect(say(1, "S1", "alice"));
	cr_expect(passes(5000));
	cr_expect(say(2, "S1", "alice"));
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	cr_expect_not(passes(5000));
	cr_expect_eq(cgn_sim_fate(sim, "no_session"), 2);
}

/* PMP-31: entries are gone before the next owner sends anything, and stay his. */
Test(radius, a_new_owner_finds_nothing_of_the_old_one)
{
	cr_expect(say(1, "S1", "alice"));
	cr_expect(passes(5000));
	cr_expect_eq(cgn_sim_n_mappings(sim), 1);
	cr_expect(say(1, "S2", "bob"));
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	cr_expect(passes(5000));
	cr_expect(say(2, "S1", "alice"), "the late Stop is recorded");
	cr_expect_eq(cgn_sim_n_mappings(sim), 1, "and ends nothing");
	cr_expect(passes(5000));
}

/* An Interim-Update repairs what a restart of the box has lost. */
Test(radius, interim_update_makes_a_session)
{
	cr_expect(say(3, "S1", "alice"));
	cr_expect(passes(5000));
	cr_expect(say(3, "S1", "alice"));
	cr_expect_eq(cgn_sim_n_mappings(sim), 1, "it stays");
}

Test(radius, a_class_comes_with_the_session)
{
	struct rb_packet p;

	begin(&p, 1, "S1", "alice");
	rb_text(&p, RB_FILTER, "gold");
	cr_expect(serve(&p));
	cr_expect(passes(5000));
	cr_expect(passes(5001));
	cr_expect_not(passes(5002), "its class has two");
	begin(&p, 3, "S1", "alice");
	rb_text(&p, RB_FILTER, "no-such-class");
	cr_expect(serve(&p));
	cr_expect(passes(5002), "what the tenant does not have counts as none");
}

Test(radius, accounting_on_ends_what_came_by_its_server)
{
	struct rb_packet p;

	cr_expect(say(1, "S1", "alice"));
	cr_expect(passes(5000));
	rb_begin(&p, 200);
	rb_number(&p, RB_STATUS, 7);
	rb_number(&p, RB_NAS, CLIENT);
	cr_expect(serve(&p));
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	cr_expect_not(passes(5000));
}

/* Another way ended the session: Accounting only finds that it is gone. */
Test(radius, a_session_that_an_operator_ended_can_be_stopped_and_begun)
{
	struct cgn_session_change change = {
		.kind = CGN_SESSION_REMOVE, .tenant = 0, .addr = SIM_A1, .id = "alice"};

	cr_expect(say(1, "S1", "alice"));
	apply(NULL, &change, 1);
	cr_expect_eq(change.result, CGN_SESSION_REMOVED);
	cr_expect_not(passes(5000));
	cr_expect(say(3, "S1", "alice"));
	cr_expect(passes(5000));
	apply(NULL, &change, 1);
	cr_expect(say(2, "S1", "alice"));
}

static const char *
str(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static json_int_t
count(const char *request, const char *kind, const char *result)
{
	json_t *said = rig_ask(sim, request), *r;
	json_int_t n = 0;
	const char *key;

	cr_assert_str_eq(str(said, "status"), "ok");
	json_object_foreach(json_object_get(said, "rows"), key, r)
	{
		cr_expect_str_eq(str(r, "tenant"), "a");
		cr_expect_str_eq(str(r, "client"), "192.0.2.64/28");
		if (strcmp(str(r, "kind"), kind) == 0 && strcmp(str(r, "result"), result) == 0)
			n += json_integer_value(json_object_get(r, "requests"));
	}
	json_decref(said);
	return n;
}

Test(radius, requests_are_shown_by_client_kind_and_result)
{
	struct cgn_radius_datagram stranger = {.src = 1, .bytes = answer, .answer = answer};
	json_t *said;

	say(1, "S1", "alice");
	say(3, "S1", "alice");
	say(3, "S1", "alice");
	cgn_radius_serve(radius, &stranger, 1, sim->now, utc_ms);
	cr_expect_eq(count("/cgnat/radius", "Start", "added"), 1);
	cr_expect_eq(count("/cgnat/radius,tenant=a", "Interim-Update", "refreshed"), 2);
	cr_expect_eq(count("/cgnat/radius,tenant=b", "Start", "added"), 0);
	said = rig_ask(sim, "/cgnat/radius");
	cr_expect_eq(
		json_integer_value(json_object_get(json_object_get(said, "item"), "sessions")), 1);
	cr_expect_eq(json_integer_value(
			     json_object_get(json_object_get(said, "item"), "unknown_clients")),
		1);
	json_decref(said);
}
