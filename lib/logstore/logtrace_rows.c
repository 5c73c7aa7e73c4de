/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers as text, the same from the daemon and without it; see logtrace.h. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ipaddr.h"
#include "logtrace.h"
#include "text.h"

static const char *
kind_str(uint8_t kind)
{
	switch (kind) {
	case CGN_SLOT_BLOCK_LEASED:
		return "block";
	case CGN_SLOT_MAPPING_MADE:
		return "mapping";
	case CGN_SLOT_EXPLICIT_MADE:
		return "explicit";
	default:
		return "computed";
	}
}

static const char *
sure_str(const struct cgn_logtrace_holder *h)
{
	if (h->kind == 0)
		return "neither"; /* parameters are told daily, and an end only by the next ones */
	if (h->is_from_unsure)
		return h->is_until_unsure ? "neither" : "until";
	return h->is_until_unsure ? "from" : "yes";
}

static void
inside_str(const struct cgn_logtrace_holder *h, char *buf, size_t size)
{
	char addr[CGN_IP4_STRLEN];

	cgn_ip4_str(h->inside, addr);
	if (h->inside_len < 32)
		snprintf(buf, size, "%s/%u", addr, h->inside_len);
	else if (h->kind == CGN_SLOT_MAPPING_MADE || h->kind == CGN_SLOT_EXPLICIT_MADE)
		snprintf(buf, size, "%s:%u", addr, h->inside_port);
	else
		snprintf(buf, size, "%s", addr);
}

static void
holder_row(const struct cgn_logtrace_holder *h, struct cgn_logtrace_row *row)
{
	char addr[CGN_IP4_STRLEN];

	row->what = kind_str(h->kind);
	row->sure = sure_str(h);
	snprintf(row->tenant, sizeof(row->tenant), "%s", h->tenant[0] != '\0' ? h->tenant : "-");
	inside_str(h, row->inside, sizeof(row->inside));
	if (h->first == h->last)
		snprintf(row->outside, sizeof(row->outside), "%s:%u", cgn_ip4_str(h->outside, addr),
			h->first);
	else
		snprintf(row->outside, sizeof(row->outside), "%s:%u-%u",
			cgn_ip4_str(h->outside, addr), h->first, h->last);
	cgn_logtrace_time_str(h->from, row->from);
	cgn_logtrace_time_str(h->until, row->until);
	snprintf(row->note, sizeof(row->note), "%s",
		h->is_restored ? "taken over from the run of the daemon before" : "-");
}

void
cgn_logtrace_row(const struct cgn_logtrace_answer *answer, uint32_t i, struct cgn_logtrace_row *row)
{
	const struct cgn_logtrace_note *note;

	memset(row, 0, sizeof(*row));
	if (i < answer->n_holders) {
		holder_row(&answer->holders[i], row);
		return;
	}
	note = &answer->notes[i - answer->n_holders];
	row->what = "note";
	row->sure = "-";
	strcpy(row->tenant, "-");
	strcpy(row->inside, "-");
	strcpy(row->outside, "-");
	cgn_logtrace_time_str(note->from, row->from);
	cgn_logtrace_time_str(note->until == UINT64_MAX ? 0 : note->until, row->until);
	cgn_logtrace_note_str(note, row->note);
}

/* A mapping says more than the block around it, and that more than a computation. */
static int
rank(uint8_t kind)
{
	switch (kind) {
	case CGN_SLOT_MAPPING_MADE:
		return 3;
	case CGN_SLOT_EXPLICIT_MADE:
		return 2;
	case CGN_SLOT_BLOCK_LEASED:
		return 1;
	default:
		return 0;
	}
}

static bool
has_other(const struct cgn_logtrace_answer *answer, const struct cgn_logtrace_holder *best)
{
	for (uint32_t i = 0; i < answer->n_holders; i++) {
		const struct cgn_logtrace_holder *h = &answer->holders[i];
		const uint8_t len = h->inside_len < best->inside_len ? h->inside_len
								     : best->inside_len;

		if (strcmp(h->tenant, best->tenant) != 0 ||
			((h->inside ^ best->inside) & cgn_mask(len)) != 0)
			return true;
	}
	return false;
}

const struct cgn_logtrace_holder *
cgn_logtrace_sentence(const struct cgn_logtrace_answer *answer, char buf[128])
{
	const struct cgn_logtrace_holder *best = NULL;
	const bool is_sure = cgn_logtrace_is_sure(answer);
	char inside[32];

	for (uint32_t i = 0; i < answer->n_holders; i++)
		if (best == NULL || rank(answer->holders[i].kind) > rank(best->kind))
			best = &answer->holders[i];
	if (best == NULL) {
		snprintf(buf, 128, "%s",
			answer->begins == 0 ? "the log is empty"
				: is_sure   ? "nobody had it"
					    : "the log names nobody, and is not whole there");
		return NULL;
	}
	inside_str(best, inside, sizeof(inside));
	if (has_other(answer, best))
		snprintf(buf, 128, "one of several had it; the rows say who");
	else
		snprintf(buf, 128, "%s of tenant %s had it%s", inside, best->tenant,
			is_sure ? "" : ", but the log is not whole there");
	return best;
}

static uint8_t
parse_proto(const char *text)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protos[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"icmp", IPPROTO_ICMP}};

	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
		if (strcmp(text, protos[i].name) == 0)
			return protos[i].number;
	return 0;
}

int
cgn_logtrace_transport_parse(const char *text, struct cgn_logtrace_question *q)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
	char addr[CGN_IP4_STRLEN], port[8];
	uint64_t number;

	if (colon == NULL || slash == NULL || slash < colon ||
		(size_t)(colon - text) >= sizeof(addr) || (size_t)(slash - colon) > sizeof(port))
		return -EINVAL;
	snprintf(addr, sizeof(addr), "%.*s", (int)(colon - text), text);
	snprintf(port, sizeof(port), "%.*s", (int)(slash - colon - 1), colon + 1);
	q->proto = parse_proto(slash + 1);
	if (cgn_ip4_parse(addr, &q->outside) < 0 ||
		cgn_u64_parse(port, 0, UINT16_MAX, &number) < 0 || q->proto == 0)
		return -EINVAL;
	q->port = (uint16_t)number;
	return 0;
}

const char *
cgn_logtrace_error_str(int rc)
{
	return rc == -EOVERFLOW ? "more records of that port than one answer can go through"
				: strerror(-rc);
}
