/* SPDX-License-Identifier: BSD-3-Clause */
/* What does not belong to the fast path of a mapping; called by control and manage. */
#include "mapping.h"

#include <stdio.h>
#include <string.h>

#include "ipaddr.h"

static const char *const proto_names[CGN_N_PROTOS] = {"tcp", "udp", "icmp"};

void
cgn_mapping_seal(struct cgn_mapping *m)
{
	m->l3_delta = cgn_rewrite_l3_delta(m->inside_addr, m->outside_addr);
	m->l4_delta = cgn_rewrite_l4_delta(
		(enum cgn_proto)m->proto, m->l3_delta, m->inside_port, m->outside_port);
}

const char *
cgn_mapping_str(const struct cgn_mapping *m, char *buf)
{
	char inside[CGN_IP4_STRLEN], outside[CGN_IP4_STRLEN];

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
