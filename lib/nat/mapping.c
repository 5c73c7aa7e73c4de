/* SPDX-License-Identifier: BSD-3-Clause */
/* What does not belong to the fast path of a mapping; called by control and manage. */
#include "mapping.h"

#include <stdio.h>
#include <string.h>

#include "ipaddr.h"

static const char *const proto_names[CGN_N_PROTOS] = {"tcp", "udp", "icmp"};
static const char *const other_names[CGN_N_OTHERS] = {
	[CGN_OTHER_GRE] = "gre", [CGN_OTHER_ESP] = "esp", [CGN_OTHER_SCTP] = "sctp"};

void
cgn_mapping_seal(struct cgn_mapping *m)
{
	if (m->proto == CGN_OTHER)
		return;
	m->l3_delta = cgn_rewrite_l3_delta(m->inside_addr, m->outside_addr);
	m->l4_delta = cgn_rewrite_l4_delta(
		(enum cgn_proto)m->proto, m->l3_delta, m->inside_port, m->outside_port);
}

const char *
cgn_other_str(uint8_t ip_proto)
{
	for (int i = 0; i < CGN_N_OTHERS; i++)
		if (cgn_conf_other_number((enum cgn_other)i) == ip_proto)
			return other_names[i];
	return "other";
}

uint8_t
cgn_other_parse(const char *s)
{
	for (int i = 0; i < CGN_N_OTHERS; i++)
		if (strcmp(s, other_names[i]) == 0)
			return cgn_conf_other_number((enum cgn_other)i);
	return 0;
}

const char *
cgn_mapping_proto_str(const struct cgn_mapping *m)
{
	return m->proto == CGN_OTHER ? cgn_other_str((uint8_t)m->ip_proto)
				     : cgn_proto_str((enum cgn_proto)m->proto);
}

const char *
cgn_mapping_str(const struct cgn_mapping *m, char *buf)
{
	char inside[CGN_IP4_STRLEN], outside[CGN_IP4_STRLEN], remote[CGN_IP4_STRLEN];

	if (m->call) {
		snprintf(buf, CGN_MAPPING_STRLEN, "%s %s:%u -> %s:%u, to %s",
			cgn_mapping_proto_str(m),
			cgn_ip4_str(rte_be_to_cpu_32(m->inside_addr), inside),
			rte_be_to_cpu_16(m->inside_port),
			cgn_ip4_str(rte_be_to_cpu_32(m->outside_addr), outside),
			rte_be_to_cpu_16(m->outside_port),
			cgn_ip4_str(rte_be_to_cpu_32(m->remote), remote));
		return buf;
	}
	if (m->proto == CGN_OTHER) {
		snprintf(buf, CGN_MAPPING_STRLEN, "%s %s -> %s, to %s", cgn_mapping_proto_str(m),
			cgn_ip4_str(rte_be_to_cpu_32(m->inside_addr), inside),
			cgn_ip4_str(rte_be_to_cpu_32(m->outside_addr), outside),
			cgn_ip4_str(rte_be_to_cpu_32(m->remote), remote));
		return buf;
	}
	snprintf(buf, CGN_MAPPING_STRLEN, "%s %s:%u -> %s:%u",
		cgn_proto_str((enum cgn_proto)m->proto),
		cgn_ip4_str(rte_be_to_cpu_32(m->inside_addr), inside),
		rte_be_to_cpu_16(m->inside_port),
		cgn_ip4_str(rte_be_to_cpu_32(m->outside_addr), outside),
		rte_be_to_cpu_16(m->outside_port));
	return buf;
}

const char *
cgn_proto_str(enum cgn_proto proto)
{
	return proto < CGN_N_PROTOS ? proto_names[proto] : "-";
}

int
cgn_proto_parse(const char *s)
{
	for (int i = 0; i < CGN_N_PROTOS; i++)
		if (strcmp(s, proto_names[i]) == 0)
			return i;
	return -1;
}
