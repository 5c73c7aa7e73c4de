/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/capture/pcapng: blocks, sizes, and a disk that is full. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "pcapng.h"
#include "pcapng_read.h"
#include "scratch.h"

static struct cgn_pcapng p;
static char path[SCRATCH_LEN];
static int fd;
static uint8_t bytes[1984];

static void
setup(void)
{
	fd = mkstemp(scratch_template(path, "cgn-pcapng"));
	cr_assert_geq(fd, 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	cgn_pcapng_begin(&p, fd, "test", "what it is");
	cgn_pcapng_interface(&p, "inside", "one side", 1984);
}

static void
teardown(void)
{
	close(fd);
	unlink(path);
}

TestSuite(pcapng, .init = setup, .fini = teardown);

static void
write_packet(uint32_t len, const char *comment)
{
	const struct cgn_pcapng_packet packet = {.at_ns = UINT64_C(1700000000123456789),
		.bytes = bytes,
		.len = len + 1,
		.cap_len = len,
		.is_outbound = len % 2,
		.comment = comment};
	uint64_t before = p.total;

	cgn_pcapng_packet(&p, &packet);
	cr_assert_eq(p.total - before, cgn_pcapng_packet_size(&packet));
}

Test(pcapng, packets_of_every_length_are_read_as_written)
{
	struct read_file *f;

	for (uint32_t len = 0; len <= 1984; len += 31)
		write_packet(len, len % 3 == 0 ? "" : "dropped fate=no_route");
	cr_assert_eq(cgn_pcapng_flush(&p), 0);
	f = pcapng_read(path);
	cr_assert_eq(f->n_packets, 65);
	cr_assert_str_eq(f->comment, "what it is");
	cr_assert_str_eq(f->names[0], "inside");
	for (uint32_t i = 0; i < f->n_packets; i++) {
		const struct read_packet *k = &f->packets[i];

		cr_assert(k->cap_len == i * 31 && k->len == k->cap_len + 1);
		cr_assert_eq(k->at, UINT64_C(1700000000123456789));
		cr_assert_eq(k->flags, k->cap_len % 2 ? 2 : 1);
		cr_assert_arr_eq(k->bytes, bytes, k->cap_len);
		cr_assert_str_eq(k->comment, k->cap_len % 3 == 0 ? "" : "dropped fate=no_route");
	}
	free(f);
}

Test(pcapng, a_file_that_cannot_grow_ends_with_its_last_whole_block)
{
	const struct rlimit limit = {.rlim_cur = 300001, .rlim_max = RLIM_INFINITY};
	struct read_file *f;
	uint32_t n = 0;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (; p.error == 0 && n < 2000; n++)
		write_packet(997, "sent fate=in2out");
	cr_assert_eq(p.error, -EFBIG);
	cr_assert_eq(cgn_pcapng_flush(&p), -EFBIG, "the error is gone");
	f = pcapng_read(path);
	cr_assert(f->n_packets > 200 && f->n_packets < n, "%u of %u", f->n_packets, n);
	cr_assert_eq(lseek(fd, 0, SEEK_END), (off_t)p.whole);
	free(f);
}
