/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of the packet tables: one frame in, its fate, and the bytes that come out. Each *.def holds
 * one table:
 *
 *	ROW("name, a sentence", setup, port, frame, tenant, fate, output)
 *
 * setup    NO_FLOW, or the flow that was there before (FLOW_A_UDP, …): its addresses are what
 *          TO_MAPPED and the expectations use
 * port     ACCESS, TRUNK or WAN: where the frame enters (sim.h says what is there)
 * frame    a struct packet_spec, made by UDP, TCP, ECHO, ARP, …; SPEC(base, changes) changes fields
 *          of s, VLAN and QINQ tag it (frames.h)
 * tenant   "a", "b", "c", or "-" for the box: whose counter moves
 * fate     name in fates.def, without CGN_FATE_
 * output   NOTHING; OUT(port), OUT1(port, vid), OUT2(port, tpid, vid, vid): forwarded, translated;
 *          ECHOED, ARP_ANSWER: the answer, to the sender; TELLS(type, code, mtu): that ICMP error,
 *          to the sender
 *
 * ROW_CHAINED has the lengths of the first buffers after the frame: SEGS(14, 20). Every row runs in
 * a box of its own.
 */
#pragma once

#include "sim.h"

enum row_output { ROW_NOTHING, ROW_FORWARDED, ROW_ECHOED, ROW_ARP_ANSWER, ROW_TELLS };

struct row_expect {
	enum row_output what;
	uint16_t port; /* ROW_FORWARDED */
	uint8_t n_tags;
	struct packet_tag tags[2];
	uint8_t type, code; /* ROW_TELLS */
	uint16_t mtu;
};

enum { ROW_MAX_SEGS = 6 };

/* A flow that is opened before the frame comes. */
enum row_flow {
	NO_FLOW,
	FLOW_A_UDP,  /* 100.64.0.10:5000 → 192.0.2.1:53 */
	FLOW_A_TCP,  /* 100.64.0.10:5001 → 192.0.2.1:80, SYN */
	FLOW_A_ICMP, /* 100.64.0.10, identifier 0x1234 → 192.0.2.1 */
	FLOW_A_VLAN, /* 100.65.0.10:5000 → 192.0.2.1:53, on VLAN 101 */
	FLOW_B_UDP,  /* as FLOW_A_UDP, of tenant b: VLAN 102 */
	FLOW_B_TCP,
	FLOW_C_UDP, /* 100.66.0.10:5000 → 192.0.2.1:53, tags 200 and 7 */
	N_FLOWS
};

struct row_segs {
	uint16_t lens[ROW_MAX_SEGS]; /* of the first buffers; zeros: not chained */
};

struct row {
	const char *name;
	enum row_flow setup;
	uint16_t port;
	struct packet_spec in;
	struct row_segs segs;
	const char *tenant;
	enum cgn_fate fate;
	struct row_expect out;
};

struct row_table {
	const char *name;
	struct cgn_sim_params params;
	struct row *rows;
	uint32_t n_rows;
	void (*fill)(struct row_table *table);
};

/* Things that need more than one frame; they say themselves what they expect (case_*.c). */
struct row_case {
	const char *name;
	enum cgn_fate fate; /* that it shows, or CGN_FATE_NONE */
	bool (*run)(void);
};

extern const struct row_case row_cases_limits[], row_cases_chains[], row_cases_wan[],
	row_cases_portctl[], row_cases_icmp[], row_cases_icmp_refused[], row_cases_reload[],
	row_cases_fragments[], row_cases_fragments_refused[], row_cases_fragments_limits[],
	row_cases_cut[], row_cases_policy[], row_cases_bypass[], row_cases_other[], row_cases_alg[],
	row_cases_contacts[], row_cases_overload[], row_cases_pptp[];
extern const uint32_t row_n_cases_limits, row_n_cases_chains, row_n_cases_wan, row_n_cases_portctl,
	row_n_cases_icmp, row_n_cases_icmp_refused, row_n_cases_reload, row_n_cases_fragments,
	row_n_cases_fragments_refused, row_n_cases_fragments_limits, row_n_cases_cut,
	row_n_cases_policy, row_n_cases_bypass, row_n_cases_other, row_n_cases_alg,
	row_n_cases_contacts, row_n_cases_overload, row_n_cases_pptp;

/* Prints file, line and the condition, and returns it (run_packets.c). */
bool row_check(bool holds, const char *what, const char *file, int line);
#define CHECK(cond) row_check((cond), #cond, __FILE__, __LINE__)

/* Runs one row in a box of its own; true when all is as it says (row.c). */
bool row_run(const struct row_table *table, const struct row *row);

/* The tenant, port and first frame of a flow. */
struct row_flow_info {
	const char *tenant;
	uint16_t port;
	struct packet_spec spec;
};
struct row_flow_info row_flow_at(enum row_flow flow);

/* One row while it runs. */
struct row_run {
	struct cgn_sim *sim;
	const struct row *row;
	struct packet_spec in; /* as sent: addresses and MACs filled in */
	struct cgn_sim_frame sent;
};

/* The bytes that must come out, built from the row alone (row_expect.c). mapping: of the flow. */
void row_expected(
	const struct row_run *run, const struct cgn_mapping *mapping, struct cgn_sim_frame *frame);

/* Does the transport checksum of got err by as much as that of sent? Both hold the spec's headers.
 * For frames whose checksum is broken: nothing may repair it (ADV-17). */
bool row_errs_alike(const struct row_run *run, const struct cgn_sim_frame *got);
