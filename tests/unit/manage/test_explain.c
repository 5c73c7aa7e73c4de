/* SPDX-License-Identifier: BSD-3-Clause */
/* `explain` over the real socket: the story. That it is true is shown by
 * tests/property/prop_explain. */
#include <string.h>

#include <criterion/criterion.h>

#include "commands.h"
#include "rig.h"

static struct cgn_sim *sim;

static void
setup(void)
{
	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = "quota: {subscriber: {udp: 1}}\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(explain, .init = setup, .fini = teardown);

/* Asks about a packet: its fate, and that this stands in the finding of this step. */
static void
expect(const char *packet, const char *fate, const char *step, const char *finding)
{
	char request[256];
	const char *key;
	json_t *answer, *row;
	bool found = false;

	snprintf(request, sizeof(request), "/cgnat/explain,%s", packet);
	answer = rig_ask(sim, request);
	cr_assert_str_eq(
		rig_str(answer, "status"), "ok", "%s: %s", packet, rig_str(answer, "message"));
	cr_expect_str_eq(rig_str(json_object_get(answer, "item"), "fate"), fate, "%s", packet);
	json_object_foreach(json_object_get(answer, "rows"), key, row)
	{
		if (strcmp(rig_str(row, "step"), step) != 0)
			continue;
		found = true;
		cr_expect_not_null(strstr(rig_str(row, "finding"), finding), "%s: %s", packet,
			rig_str(row, "finding"));
	}
	cr_expect(found, "%s: no step %s", packet, step);
	json_decref(answer);
}

static void
refused(const char *packet, const char *says)
{
	char request[256];
	json_t *answer;

	snprintf(request, sizeof(request), "/cgnat/explain,%s", packet);
	answer = rig_ask(sim, request);
	cr_expect_str_eq(rig_str(answer, "status"), "error", "%s", packet);
	cr_expect_not_null(
		strstr(rig_str(answer, "message"), says), "%s", rig_str(answer, "message"));
	json_decref(answer);
}

#define OUT "from=100.64.0.10:5000,to=192.0.2.1:53/udp"

Test(explain, the_steps_tell_why)
{
	struct packet_spec spec = packet_udp(SIM_A1, 5000, SIM_PEER, 53);

	expect("tenant=a," OUT, "in2out", "outside port", "new block");
	expect("tenant=a," OUT, "in2out", "source", "is assigned");
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
	cgn_sim_run(sim);
	expect("tenant=a," OUT, "in2out", "mapping", "udp 100.64.0.10:5000 -> 203.0.113.");
	expect("tenant=a," OUT, "in2out", "next hop", "198.51.100.1 at port wan: reachable");
	expect("tenant=a,from=100.64.0.10:5001,to=192.0.2.1:53/udp", "quota_subscriber_udp",
		"quotas", "subscriber has 1 mappings");
	expect("tenant=a,length=1501," OUT, "too_big", "length", "1501 bytes");
	expect("tenant=a,ttl=1," OUT, "ttl_expired", "ttl", "ends here");
}

Test(explain, ways_in_are_named)
{
	expect("tenant=b," OUT, "in2out", "way in", "VLAN 102: an attachment of tenant b");
	expect("port=trunk,vlan=101," OUT, "spoofed_attachment", "source", "another attachment");
	expect("port=trunk,vlan=9," OUT, "unknown_tags", "way in", "nothing enters there");
	expect("port=wan,from=192.0.2.1:53,to=203.0.113.17:5351/udp", "wan_natpmp", "way in",
		"an uplink");
	expect("tenant=a,from=100.64.0.10:5000,to=100.64.0.1:5351/udp", "request", "destination",
		"the box itself");
	refused(OUT, "say where it enters");
	refused("tenant=a,from=100.64.0.10:1,to=192.0.2.1:2/icmp", "one identifier");
}

Test(explain, a_bypass_is_told)
{
	struct cgn_sim *other;

	cgn_manage_detach();
	other = cgn_sim_create(&(struct cgn_sim_params){.a = "nat: {bypass: [192.0.2.0/24]}\n"});
	cr_assert_eq(cgn_manage_register(other->box), 0);
	cgn_sim_destroy(sim);
	sim = other;
	expect("tenant=a," OUT, "bypass_out", "mapping", "nat.bypass");
	expect("tenant=a," OUT, "bypass_out", "next hop", "198.51.100.1");
	expect("port=wan,from=192.0.2.1:53,to=100.64.0.10:5000/udp", "bypass_in", "destination",
		"subscriber of tenant a");
	expect("port=wan,from=198.18.0.1:53,to=100.64.0.10:5000/udp", "outside_not_ours",
		"destination", "no route");
}
