/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the tap and of captures, over the whole appliance with a fake clock. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "pcapng_read.h"
#include "scratch.h"
#include "sim.h"

enum { IN = 1, OUT = 2, BOTH = 3 };
enum { INBOUND = 1, OUTBOUND = 2 };

static const uint64_t utc = UINT64_C(1700000000) * CGN_NS_PER_S;
static struct cgn_sim *sim;
static char dir[SCRATCH_LEN];

static void
start_box(const char *more)
{
	char box[512];

	cr_assert_not_null(mkdtemp(scratch_template(dir, "cgn-captures")));
	snprintf(
		box, sizeof(box), "capture: {directory: %s, ring: 256, max_mib: 1}\n%s", dir, more);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = box, .seed = 3, .a = "quota: {subscriber: {udp: 2}}\n"});
	cgn_sim_run(sim);
}

static void
setup(void)
{
	start_box("");
}

static void
teardown(void)
{
	DIR *d = opendir(dir);

	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(dir);
}

TestSuite(captures, .init = setup, .fini = teardown);

static struct cgn_capture_spec
of_tenant(const char *name)
{
	struct cgn_capture_spec spec = {
		.tenant = (uint16_t)cgn_directory_tenant_find(sim->box->dir, name),
		.by = "test",
		.inside = CGN_NONE,
		.ip_proto = 17, /* no ARP: of that there is more or less */
		.sides = BOTH,
		.packets = 1000,
		.bytes = 1 << 20,
		.seconds = 60,
		.snaplen = CGN_TAP_DATA};

	snprintf(spec.tenant_name, sizeof(spec.tenant_name), "%s", name);
	return spec;
}

static struct cgn_capture_spec
of_subscriber(const char *tenant, uint32_t addr)
{
	struct cgn_capture_spec spec = of_tenant(tenant);

	spec.inside = cgn_directory_inside_find(sim->box->dir, spec.tenant, addr);
	spec.inside_addr = addr;
	cr_assert_neq(spec.inside, CGN_NONE);
	return spec;
}

static struct cgn_capture_info
begin(const struct cgn_capture_spec *spec)
{
	struct cgn_capture_info info;
	struct cgn_errmsg err;

	cr_assert_eq(cgn_captures_start(sim->box->captures, spec, sim->now, utc, &info, &err), 0,
		"%s", err.text);
	return info;
}

static struct cgn_capture_info
now_of(uint32_t id)
{
	struct cgn_capture_info info;

	cr_assert(cgn_captures_find(sim->box->captures, id, sim->now, &info));
	cr_assert_eq(info.id, id);
	return info;
}

static void
poll_captures(void)
{
	cgn_captures_poll(sim->box->captures, sim->now);
}

/* Ends it and reads its file, the caller's. */
static struct read_file *
end(const struct cgn_capture_info *capture)
{
	struct cgn_capture_info info;
	int rc = cgn_captures_stop(sim->box->captures, capture->id, &info);

	cr_assert(rc == 0 || rc == -EALREADY);
	poll_captures();
	cr_assert_neq(now_of(capture->id).end, CGN_CAPTURE_GOES_ON);
	return pcapng_read(capture->file);
}

static void
send_spec(uint16_t port, const struct packet_spec *spec)
{
	cr_assert(cgn_sim_send_spec(sim, port, spec));
	cgn_sim_run(sim);
}

static struct packet_spec
out_of(uint32_t src, uint16_t sport)
{
	return packet_udp(src, sport, (uint32_t)SIM_PEER, 53);
}

/* What the peer sends back. */
static struct packet_spec
back_to(uint32_t src, uint16_t sport)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 17, src, sport);

	cr_assert_not_null(m);
	return packet_udp((uint32_t)SIM_PEER, 53, rte_be_to_cpu_32(m->outside_addr),
		rte_be_to_cpu_16(m->outside_port));
}

static void
expect(const struct read_file *f, uint32_t i, uint32_t interface, uint32_t flags,
	const char *comment)
{
	cr_assert_lt(i, f->n_packets);
	cr_assert_eq(f->packets[i].interface, interface, "packet %u", i);
	cr_assert_eq(f->packets[i].flags, flags, "packet %u", i);
	cr_assert_str_eq(f->packets[i].comment, comment, "packet %u", i);
}

/* The frame as the simulator sends it: its MAC addresses are filled in by that. */
static void
expect_bytes(const struct read_packet *k, const struct packet_spec *spec)
{
	uint8_t frame[PACKET_MAX];
	uint32_t len = packet_build(spec, frame);

	cr_assert(k->len == len && k->cap_len == len);
	cr_assert_arr_eq(k->bytes + 12, frame + 12, len - 12);
}

Test(captures, both_sides_show_what_was_sent_and_what_left)
{
	struct packet_spec out = out_of(SIM_A1, 5000), in;
	struct cgn_capture_spec spec = of_subscriber("a", SIM_A1);
	struct cgn_capture_info capture = begin(&spec);
	struct cgn_sim_frame wan, access;
	struct read_file *f;

	send_spec(SIM_ACCESS, &out);
	cr_assert(cgn_sim_receive(sim, SIM_WAN, &wan));
	in = back_to(SIM_A1, 5000);
	send_spec(SIM_WAN, &in);
	cr_assert(cgn_sim_receive(sim, SIM_ACCESS, &access));
	f = end(&capture);
	cr_assert_eq(f->n_packets, 4);
	expect(f, 0, 0, INBOUND, "received");
	expect_bytes(&f->packets[0], &out);
	expect(f, 1, 1, OUTBOUND, "sent fate=in2out");
	cr_assert_eq(f->packets[1].cap_len, wan.len);
	cr_assert_arr_eq(f->packets[1].bytes, wan.bytes, wan.len);
	expect(f, 2, 1, INBOUND, "received");
	expect_bytes(&f->packets[2], &in);
	expect(f, 3, 0, OUTBOUND, "sent fate=out2in");
	cr_assert_arr_eq(f->packets[3].bytes, access.bytes, access.len);
	cr_assert_eq(f->packets[3].at, utc, "time stands still, and is UTC");
	cr_assert(f->n_statistics == 2 && f->received[0] == 2 && f->received[1] == 2);
	cr_assert_str_eq(f->names[0], "inside");
	cr_assert_str_eq(f->names[1], "outside");
	free(f);
}

Test(captures, a_dropped_packet_says_why)
{
	struct cgn_capture_spec spec = of_tenant("a");
	struct cgn_capture_info capture = begin(&spec);
	struct packet_spec p, reply;
	struct read_file *f;

	for (uint16_t i = 0; i < 3; i++) {
		p = out_of(SIM_A1, (uint16_t)(5000 + i));
		send_spec(SIM_ACCESS, &p);
	}
	p = out_of(0x64800001, 1); /* nobody's address here */
	send_spec(SIM_ACCESS, &p);
	p = packet_udp((uint32_t)SIM_PEER, 53, SIM_POOL_A, 5351);
	send_spec(SIM_WAN, &p);
	p = reply = packet_udp((uint32_t)SIM_PEER, 53, SIM_POOL_A, 65000);
	send_spec(SIM_WAN, &p);
	f = end(&capture);
	cr_assert_eq(cgn_sim_fate(sim, "quota_subscriber_udp"), 1);
	cr_assert_eq(f->n_packets, 8, "%u", f->n_packets);
	expect(f, 4, 0, INBOUND, "dropped fate=spoofed_unassigned");
	expect(f, 5, 1, INBOUND, "dropped fate=wan_natpmp");
	expect(f, 6, 1, INBOUND, "dropped fate=no_mapping");
	expect_bytes(&f->packets[6], &reply);
	expect(f, 7, 0, INBOUND, "dropped fate=quota_subscriber_udp"); /* control's ring is last */
	free(f);
}

Test(captures, a_packet_that_the_device_does_not_take_is_lost_on_the_way_out)
{
	struct cgn_capture_spec spec = of_tenant("a");
	struct cgn_capture_info capture;
	struct packet_spec p = out_of(SIM_A1, 5000);
	struct read_file *f;
	uint32_t n_sent = 0, n_full = 0;

	send_spec(SIM_ACCESS, &p);
	for (uint32_t i = 0; i < 1000; i++) { /* nothing takes them from the device's ring */
		cgn_sim_send_spec(sim, SIM_ACCESS, &p);
		cgn_sim_poll_workers(sim);
	}
	spec.sides = OUT;
	capture = begin(&spec);
	for (uint32_t i = 0; i < 60; i++) {
		cgn_sim_send_spec(sim, SIM_ACCESS, &p);
		cgn_sim_poll_workers(sim);
	}
	f = end(&capture);
	cr_assert_eq(f->n_packets, 60);
	for (uint32_t i = 0; i < f->n_packets; i++) {
		cr_assert(f->packets[i].interface == 1 && f->packets[i].flags == OUTBOUND);
		n_sent += strcmp(f->packets[i].comment, "sent fate=in2out") == 0;
		n_full += strcmp(f->packets[i].comment, "dropped fate=tx_full") == 0;
	}
	cr_assert(n_sent > 0 && n_full > 0 && n_sent + n_full == 60, "%u %u", n_sent, n_full);
	cr_assert_eq(cgn_sim_fate(sim, "tx_full"), n_full);
	free(f);
	cgn_sim_run(sim);
}

Test(captures, nobody_elses_packets_are_in_it)
{
	struct cgn_capture_spec a1 = of_subscriber("a", SIM_A1), b = of_tenant("b"), peer, tcp;
	struct cgn_capture_info of_a1 = begin(&a1), of_b = begin(&b), of_peer, of_tcp;
	struct packet_spec p;
	struct read_file *f;

	peer = tcp = of_tenant("a");
	peer.peer = (uint32_t)SIM_PEER2;
	tcp.ip_proto = 6;
	of_peer = begin(&peer);
	of_tcp = begin(&tcp);
	p = out_of(SIM_A2, 5000);
	send_spec(SIM_ACCESS, &p);
	p = out_of(SIM_B1, 5000);
	p.n_tags = 1;
	p.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	send_spec(SIM_TRUNK, &p);
	p = out_of(SIM_A1, 6000);
	send_spec(SIM_ACCESS, &p);
	p = packet_udp(SIM_A1, 6000, (uint32_t)SIM_PEER2, 53);
	send_spec(SIM_ACCESS, &p);
	f = end(&of_a1);
	cr_assert_eq(f->n_packets, 4);
	free(f);
	f = end(&of_b);
	cr_assert_eq(f->n_packets, 2);
	cr_assert_eq(f->packets[0].bytes[15], 102, "with its tag");
	free(f);
	f = end(&of_peer);
	cr_assert_eq(f->n_packets, 2);
	free(f);
	f = end(&of_tcp);
	cr_assert_eq(f->n_packets, 0);
	free(f);
}

Test(captures, a_hairpin_is_in_the_captures_of_both_its_ends)
{
	struct cgn_capture_spec to = of_subscriber("a", SIM_A2), from = of_subscriber("a", SIM_A1);
	struct cgn_capture_info of_to, of_from;
	struct packet_spec p = out_of(SIM_A2, 7000), reply;
	struct read_file *f;

	send_spec(SIM_ACCESS, &p);
	reply = back_to(SIM_A2, 7000);
	of_to = begin(&to);
	of_from = begin(&from);
	p = packet_udp(SIM_A1, 8000, reply.dst, reply.dport);
	send_spec(SIM_ACCESS, &p);
	cr_assert_eq(cgn_sim_fate(sim, "hairpin"), 1);
	f = end(&of_to);
	cr_assert_eq(f->n_packets, 1, "its receiver sees what reaches it");
	expect(f, 0, 0, OUTBOUND, "sent fate=hairpin");
	free(f);
	f = end(&of_from);
	cr_assert_eq(f->n_packets, 2);
	expect(f, 0, 0, INBOUND, "received");
	free(f);
}

Test(captures, it_ends_with_its_packets_its_bytes_or_its_time)
{
	struct cgn_capture_spec packets = of_tenant("a"), bytes = packets, seconds = packets;
	struct cgn_capture_info by_packets, by_bytes, by_time;
	struct packet_spec p = out_of(SIM_A1, 5000);
	struct read_file *f;
	struct stat st;

	packets.packets = 5;
	bytes.bytes = 4096;
	bytes.snaplen = 64;
	seconds.seconds = 2;
	seconds.sides = IN;
	p.payload_len = 400;
	by_packets = begin(&packets);
	by_bytes = begin(&bytes);
	by_time = begin(&seconds);
	for (uint32_t i = 0; i < 40; i++)
		send_spec(SIM_ACCESS, &p);
	poll_captures();
	cgn_sim_jump_ms(sim, 2001);
	send_spec(
		SIM_ACCESS, &p); /* too late for all of them, and read before the end is noticed */
	poll_captures();
	cr_assert_eq(now_of(by_packets.id).end, CGN_CAPTURE_FULL_PACKETS);
	cr_assert_eq(now_of(by_bytes.id).end, CGN_CAPTURE_FULL_BYTES);
	cr_assert_eq(now_of(by_time.id).end, CGN_CAPTURE_TIME);
	cr_assert_eq(sim->box->dp.tap->active, 0);
	f = pcapng_read(by_packets.file);
	cr_assert_eq(f->n_packets, 5);
	free(f);
	f = pcapng_read(by_bytes.file);
	cr_assert(f->n_packets > 10 && f->packets[0].cap_len == 64 && f->packets[0].len > 400);
	cr_assert_eq(stat(by_bytes.file, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0640);
	cr_assert_leq(st.st_size, 4096 + 512, "statistics come on top");
	cr_assert_eq((uint64_t)st.st_size, now_of(by_bytes.id).bytes);
	free(f);
	f = pcapng_read(by_time.file);
	cr_assert_eq(f->n_packets, 40);
	free(f);
}

Test(captures, what_the_ring_cannot_take_is_counted_and_hurts_nobody)
{
	struct cgn_capture_spec spec = of_tenant("a");
	struct cgn_capture_info capture = begin(&spec);
	struct packet_spec p = out_of(SIM_A1, 5000);
	struct read_file *f;

	for (uint32_t i = 0; i < 500; i++)
		send_spec(SIM_ACCESS, &p);
	f = end(&capture);
	cr_assert_eq(f->n_packets, 255, "a ring of 256 holds one less");
	cr_assert_eq(now_of(capture.id).lost, 1000 - 255);
	cr_assert_eq(f->dropped[0] + f->dropped[1], 1000 - 255);
	cr_assert_eq(f->received[0] + f->received[1], 1000);
	cr_assert_eq(cgn_sim_fate(sim, "in2out"), 500);
	free(f);
}

Test(captures, four_go_on_at_a_time_and_the_oldest_that_ended_is_forgotten)
{
	struct cgn_capture_spec spec = of_tenant("a");
	struct cgn_capture_info info, first = begin(&spec);
	struct cgn_errmsg err;

	for (int i = 0; i < 3; i++)
		begin(&spec);
	cr_assert_eq(
		cgn_captures_start(sim->box->captures, &spec, sim->now, utc, &info, &err), -EBUSY);
	free(end(&first));
	for (int i = 0; i < 6; i++) {
		info = begin(&spec);
		free(end(&info));
	}
	cr_assert_eq(now_of(2).end, CGN_CAPTURE_GOES_ON);
	cr_assert(cgn_captures_find(sim->box->captures, 1, sim->now, &info));
	cr_assert_eq(info.id, 2, "the first is forgotten");
	cr_assert_eq(cgn_captures_stop(sim->box->captures, 1, &info), -ENOENT);
	cgn_captures_end(sim->box->captures, CGN_CAPTURE_EXIT);
	poll_captures();
}

Test(captures, a_reload_ends_it_with_a_valid_file)
{
	struct cgn_capture_spec spec = of_tenant("a");
	struct cgn_capture_info capture = begin(&spec);
	struct packet_spec p = out_of(SIM_A1, 5000);
	struct cgn_sim_params params = sim->params;
	struct cgn_errmsg err;
	struct read_file *f;
	char box[256];

	send_spec(SIM_ACCESS, &p);
	snprintf(box, sizeof(box), "capture: {directory: %s, ring: 256, max_mib: 1}\n", dir);
	params.box = box;
	params.a = "quota: {subscriber: {udp: 3}}\n";
	cr_assert_eq(cgn_sim_reload(sim, &params, &err), 0, "%s", err.text);
	poll_captures();
	cr_assert_eq(now_of(capture.id).end, CGN_CAPTURE_RELOADED);
	f = pcapng_read(capture.file);
	cr_assert_eq(f->n_packets, 2);
	cr_assert_eq(f->n_statistics, 2);
	free(f);
}

Test(captures, a_file_that_is_there_is_not_written_over)
{
	struct cgn_capture_spec spec = of_tenant("a");
	struct cgn_capture_info info;
	struct cgn_errmsg err;
	char path[128];

	snprintf(path, sizeof(path), "%s/a-1-20231114T221320Z.pcapng", dir);
	cr_assert_eq(symlink("/dev/null", path), 0);
	cr_assert_eq(
		cgn_captures_start(sim->box->captures, &spec, sim->now, utc, &info, &err), -EEXIST);
	cr_assert(strstr(err.text, "cannot be made") != NULL, "%s", err.text);
	cr_assert_eq(sim->box->dp.tap->active, 0);
}
