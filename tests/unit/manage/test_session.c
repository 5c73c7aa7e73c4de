/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of subscribers as the operator sees and changes them, over the real socket. */
#include <string.h>

#include <criterion/criterion.h>

#include "commands.h"
#include "control.h"
#include "rig.h"

static struct cgn_sim *sim;

static void
setup(void)
{
	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "classes: [{name: gold, mappings: 9, explicit: 3, max_blocks: 2}]\n"
		     "attachments: [{port: access, address: 100.64.0.1/22, binding: access, "
		     "subscribers: [{prefix: 100.64.0.0/22, sessions: true}]}]\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(session, .init = setup, .fini = teardown, .timeout = 60);

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

/* The item of the answer; the caller's. */
static json_t *
ask(const char *request)
{
	json_t *answer = rig_ask(sim, request), *item;

	cr_assert_not_null(answer, "%s", request);
	cr_assert_str_eq(str(answer, "status"), "ok", "%s: %s", request, str(answer, "message"));
	item = json_incref(json_object_get(answer, "item"));
	json_decref(answer);
	return item;
}

static void
done(const char *request, const char *what, const char *id, const char *address)
{
	json_t *item = ask(request);

	cr_expect_str_eq(str(item, "done"), what, "%s", request);
	cr_expect_str_eq(str(item, "tenant"), "a", "%s", request);
	cr_expect_str_eq(str(item, "id"), id, "%s", request);
	cr_expect_str_eq(str(item, "address"), address, "%s", request);
	json_decref(item);
}

static void
refused(const char *request, const char *param, const char *says)
{
	json_t *answer = rig_ask(sim, request);

	cr_assert_not_null(answer, "%s", request);
	cr_expect_str_eq(str(answer, "status"), "error", "%s", request);
	cr_expect_str_eq(str(answer, "parameter"), param, "%s", request);
	cr_expect_not_null(
		strstr(str(answer, "message"), says), "%s: %s", request, str(answer, "message"));
	json_decref(answer);
}

Test(session, comes_moves_and_goes)
{
	json_t *item;

	done("/cgnat/subscriber/add,tenant=a,address=100.64.0.10,session=cust-1,class=gold",
		"added", "cust-1", "100.64.0.10");
	done("/cgnat/subscriber/add,tenant=a,address=100.64.0.10,session=cust-1,class=gold",
		"refreshed", "cust-1", "100.64.0.10");
	done("/cgnat/subscriber/move,tenant=a,session=cust-1,new_address=100.64.0.11", "moved",
		"cust-1", "100.64.0.11");
	item = ask("/cgnat/subscriber,tenant=a,address=100.64.0.11");
	cr_expect_str_eq(str(item, "id"), "cust-1");
	cr_expect_str_eq(str(item, "class"), "gold");
	cr_expect_str_eq(str(item, "session"), "yes");
	cr_expect_eq(num(item, "mappings_max"), 9);
	cr_expect_eq(num(item, "explicit_max"), 3);
	cr_expect_eq(num(item, "blocks_max"), 2);
	json_decref(item);
	item = ask("/cgnat/subscriber,tenant=a,address=100.64.0.10");
	cr_expect_str_eq(str(item, "id"), "-");
	cr_expect_str_eq(str(item, "session"), "missing");
	json_decref(item);
	done("/cgnat/subscriber/remove,tenant=a,address=100.64.0.11", "removed", "cust-1",
		"100.64.0.11");
	done("/cgnat/subscriber/remove,tenant=a,session=cust-1", "no such session", "cust-1", "-");
}

Test(session, subscribers_lists_those_with_a_session)
{
	json_t *answer;
	const json_t *row;

	done("/cgnat/subscriber/add,tenant=a,address=100.64.0.10,session=cust-1", "added", "cust-1",
		"100.64.0.10");
	answer = rig_ask(sim, "/cgnat/subscribers,tenant=a");
	cr_assert_eq(num(answer, "n"), 1);
	row = json_object_iter_value(json_object_iter(json_object_get(answer, "rows")));
	cr_expect_str_eq(str(row, "id"), "cust-1");
	cr_expect_str_eq(str(row, "class"), "-");
	cr_expect_eq(num(row, "mappings"), 0);
	json_decref(answer);
}

Test(session, what_cannot_be_is_refused_with_the_reason)
{
	refused("/cgnat/subscriber/add,tenant=a,address=192.0.2.1,session=x", "address",
		"not assigned");
	refused("/cgnat/subscriber/add,tenant=a,address=100.64.0.10,session=x,class=tin", "class",
		"no class 'tin'");
	refused("/cgnat/subscriber/add,tenant=a,address=100.64.0.10,session=a b", "session",
		"printable");
	refused("/cgnat/subscriber/add,tenant=a,address=100.64.0.10", "session", "missing");
	refused("/cgnat/subscriber/add,tenant=q,address=100.64.0.10,session=x", "tenant",
		"no tenant");
	refused("/cgnat/subscriber/move,tenant=a,session=x,new_address=100.64.0.11", "",
		"no such session");
	refused("/cgnat/subscriber/move,tenant=a,session=x,new_address=192.0.2.1", "new_address",
		"not assigned");
	refused("/cgnat/subscriber/move,tenant=a,new_address=100.64.0.11", "session", "whose");
	refused("/cgnat/subscriber/remove,tenant=a", "session", "whose");
}

/* An operator's mapping to an address that is nobody's would let packets in for nobody. */
Test(session, no_mapping_is_added_without_a_session)
{
	const char *add = "/cgnat/map/add,tenant=a,proto=udp,inside=100.64.0.10:443,"
			  "outside=203.0.113.17:8443";
	json_t *item;

	refused(add, "", "no session");
	done("/cgnat/subscriber/add,tenant=a,address=100.64.0.10,session=cust-1", "added", "cust-1",
		"100.64.0.10");
	json_decref(ask(add));
	cr_expect_eq(cgn_sim_n_mappings(sim), 1);
	item = ask("/cgnat/subscriber/remove,tenant=a,session=cust-1");
	cr_expect_eq(num(item, "mappings"), 1);
	json_decref(item);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
}
