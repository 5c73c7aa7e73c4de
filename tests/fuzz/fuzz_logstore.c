/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/logstore: the input is the body of a file of a local log, as it is and once
 * more with the checksums of all slots made right, which the fuzzer seldom finds. Tracing in it,
 * sorting it and tracing again must come to an end with a sound answer. That it is the same one
 * holds for files as the store writes them (prop_logstore), not for records in any order.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "logtrace.h"
#include "scratch.h"
#include "segment.h"

static char dir[SCRATCH_LEN];
static const struct cgn_segment segment = {.id = 1, .base_utc = 1000, .prev_utc = 0};

static void
remove_dir(void)
{
	char path[SCRATCH_LEN + CGN_SEGMENT_NAME_LEN + 2], name[CGN_SEGMENT_NAME_LEN];

	cgn_segment_name(&segment, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	rmdir(dir);
}

static void
make_dir(void)
{
	CHECK(mkdtemp(scratch_template_in_memory(dir, "fuzz_logstore")) != NULL);
	atexit(remove_dir);
}

static void
trace(struct cgn_logtrace_answer *answer)
{
	const struct cgn_logtrace_question q = {.outside = 0xcb007111,
		.port = 1024,
		.proto = IPPROTO_TCP,
		.utc_ms = 1500,
		.span_ms = 1000};
	char text[128];

	CHECK(cgn_logtrace(dir, &q, answer) == 0);
	CHECK(answer->n_holders <= CGN_LOGTRACE_HOLDERS && answer->n_notes <= CGN_LOGTRACE_NOTES);
	for (uint32_t i = 0; i < cgn_logtrace_n_rows(answer); i++) {
		struct cgn_logtrace_row row;

		cgn_logtrace_row(answer, i, &row);
		CHECK(memchr(row.tenant, 0, sizeof(row.tenant)) != NULL);
	}
	cgn_logtrace_sentence(answer, text);
}

static void
check(const uint8_t *data, size_t size)
{
	static struct cgn_logtrace_answer answer;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY), fd;
	char name[CGN_SEGMENT_NAME_LEN];
	struct cgn_segment s = segment;

	cgn_segment_name(&segment, name);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	trace(&answer);
	s.size = size;
	if (cgn_segment_sort(dir_fd, &s) >= 0)
		trace(&answer);
	close(dir_fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cgn_segment_header header = {.id = 1, .base_utc = 1000, .run_utc = 1};
	const size_t n = size / CGN_SLOT_LEN;
	uint8_t *file = malloc(CGN_SEGMENT_HEADER_LEN + size);

	CHECK(file != NULL);
	if (dir[0] == '\0')
		make_dir();
	check(data, size);
	cgn_segment_header_encode(&header, file);
	memcpy(file + CGN_SEGMENT_HEADER_LEN, data, size);
	check(file, CGN_SEGMENT_HEADER_LEN + size);
	for (size_t i = 0; i < n; i++)
		cgn_slot_seal(1, file + CGN_SEGMENT_HEADER_LEN + i * CGN_SLOT_LEN);
	check(file, CGN_SEGMENT_HEADER_LEN + size);
	free(file);
	return 0;
}
