/* SPDX-License-Identifier: BSD-3-Clause */
/* See log_rig.h. */
#include "log_rig.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "segment.h"

struct cgn_logstore *rig_store;
struct cgn_logstore_limits rig_limits;
char rig_dir[SCRATCH_LEN];
uint64_t rig_utc_ms;
static uint64_t number;

void
rig_open(void)
{
	struct cgn_errmsg err;

	rig_store = cgn_logstore_open(rig_dir, &rig_limits, rig_utc_ms, &err);
	cr_assert_not_null(rig_store, "%s", err.text);
	number = 0;
	rig_put(CGN_NATLOG_START, "", 0);
}

void
rig_setup(void)
{
	rig_utc_ms = UINT64_C(1790000000000);
	rig_limits = (struct cgn_logstore_limits){.max_bytes = 1 << 30,
		.max_age_s = 90 * 86400,
		.segment_bytes = 1 << 20,
		.segment_s = 86400};
	scratch_template(rig_dir, "logstore");
	cr_assert_not_null(mkdtemp(rig_dir));
	rig_open();
}

void
rig_close(void)
{
	cgn_logstore_close(rig_store);
	rig_store = NULL;
}

void
rig_teardown(void)
{
	char command[SCRATCH_LEN + 16];

	rig_close();
	snprintf(command, sizeof(command), "rm -rf '%s'", rig_dir);
	cr_assert_eq(system(command), 0);
}

void
rig_put(enum cgn_natlog_id id, const char *tenant, uint32_t inside)
{
	struct cgn_natlog_record r = {.number = ++number,
		.utc_ms = rig_utc_ms,
		.id = (uint8_t)id,
		.inside_addr = inside,
		.vrf = 7};

	snprintf(r.tenant, sizeof(r.tenant), "%s", tenant);
	if (id == CGN_NATLOG_BLOCK_LEASED || id == CGN_NATLOG_BLOCK_RETURNED) {
		r.outside_addr = RIG_OUTSIDE;
		r.outside_port = RIG_FIRST;
		r.last_port = RIG_LAST;
	}
	cgn_logstore_put(rig_store, &r, NULL);
	rig_utc_ms += 1000;
}

void
rig_put_event(const struct cgn_event *event)
{
	struct cgn_natlog_record r = {
		.number = ++number, .utc_ms = rig_utc_ms, .id = CGN_NATLOG_EVENT};

	cgn_logstore_put(rig_store, &r, event);
	rig_utc_ms += 1000;
}

struct cgn_logtrace_answer
rig_trace(uint16_t port, uint64_t utc_ms)
{
	const struct cgn_logtrace_question q = {.outside = RIG_OUTSIDE,
		.port = port,
		.proto = IPPROTO_TCP,
		.utc_ms = utc_ms,
		.span_ms = 1};
	struct cgn_logtrace_answer answer;

	if (rig_store != NULL)
		cgn_logstore_turn(rig_store, rig_utc_ms, rig_utc_ms);
	cr_assert_eq(cgn_logtrace(rig_dir, &q, &answer), 0);
	return answer;
}

bool
rig_has_note(const struct cgn_logtrace_answer *answer, enum cgn_logtrace_note_kind kind)
{
	for (uint32_t i = 0; i < answer->n_notes; i++)
		if (answer->notes[i].kind == kind)
			return true;
	return false;
}

int
rig_files(char newest[256])
{
	char name[CGN_SEGMENT_NAME_LEN];
	int fd = open(rig_dir, O_RDONLY | O_DIRECTORY);
	struct cgn_segment *list;
	int n = cgn_segment_list(fd, &list);

	cr_assert_gt(n, 0);
	cgn_segment_name(&list[n - 1], name);
	snprintf(newest, 256, "%s/%s", rig_dir, name);
	free(list);
	close(fd);
	return n;
}
