/* SPDX-License-Identifier: BSD-3-Clause */
/* What deterministic.c finds, in words: the same from the daemon and from cgnatctl without one. */
#include "deterministic.h"

#include <stdio.h>

static const char *const status_names[] = {[CGN_DET_RANGE] = "range",
	[CGN_DET_RESERVED] = "reserved",
	[CGN_DET_DYNAMIC] = "dynamic",
	[CGN_DET_VACANT] = "vacant",
	[CGN_DET_OWN] = "own",
	[CGN_DET_FOREIGN] = "foreign"};

static void
set_sentence(const struct cgn_det_answer *answer, struct cgn_det_text *text)
{
	size_t size = sizeof(text->answer);

	switch (answer->kind) {
	case CGN_DET_RANGE:
		snprintf(text->answer, size, "%s has %s, ports %s, and nobody else ever",
			text->subscriber, text->outside, text->ports);
		break;
	case CGN_DET_RESERVED:
		snprintf(text->answer, size, "nobody: reserved, in the range %s of %s", text->ports,
			text->subscriber);
		break;
	case CGN_DET_DYNAMIC:
		snprintf(text->answer, size,
			"dynamic blocks, ports %s: the events block_taken and block_returned say "
			"who",
			text->ports);
		break;
	case CGN_DET_VACANT:
		snprintf(text->answer, size, "nobody: no subscriber has a range there");
		break;
	case CGN_DET_OWN:
		snprintf(text->answer, size, "%s has all of %s by static_addresses",
			text->subscriber, text->outside);
		break;
	case CGN_DET_FOREIGN:
		snprintf(text->answer, size,
			"nobody: not in a subscriber prefix, or not in the pool");
		break;
	}
}

void
cgn_det_text_init(
	const struct cgn_det *det, const struct cgn_det_answer *answer, struct cgn_det_text *text)
{
	bool has_subscriber = answer->kind == CGN_DET_RANGE || answer->kind == CGN_DET_RESERVED ||
		answer->kind == CGN_DET_OWN;
	bool has_ports = has_subscriber || answer->kind == CGN_DET_DYNAMIC;

	text->status = status_names[answer->kind];
	snprintf(text->subscriber, sizeof(text->subscriber), "-");
	snprintf(text->outside, sizeof(text->outside), "-");
	snprintf(text->ports, sizeof(text->ports), "-");
	if (has_subscriber && answer->inside.len == 32)
		cgn_ip4_str(answer->inside.addr, text->subscriber);
	else if (has_subscriber)
		cgn_prefix_str(answer->inside, text->subscriber);
	if (answer->outside != 0)
		cgn_ip4_str(answer->outside, text->outside);
	text->usable = 0;
	for (uint32_t port = answer->first; has_ports && port <= answer->last; port++)
		text->usable += !cgn_port_is_reserved(det->conf, (uint16_t)port) ||
			answer->kind == CGN_DET_OWN;
	if (has_ports)
		snprintf(text->ports, sizeof(text->ports), "%u-%u", answer->first, answer->last);
	set_sentence(answer, text);
}
