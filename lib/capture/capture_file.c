/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of one capture; see capture_file.h. Opened by a telemetry thread, then poll's. */
#include "capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ipaddr.h"

enum { DIR_MODE = 0750, FILE_MODE = 0640, COMMENT_LEN = 64, HEAD_LEN = 400 };

static const char *const side_names[CGN_TAP_N_SIDES] = {"inside", "outside"};

/* In a directory that nobody but us and our group may read; 0640 whatever the umask is. */
static int
create_file(const char *dir, const char *name)
{
	int dir_fd, fd, rc = 0;

	if (mkdir(dir, DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0 || fchmod(fd, FILE_MODE) < 0)
		rc = -errno;
	if (rc < 0 && fd >= 0) {
		unlinkat(dir_fd, name, 0);
		close(fd);
	}
	close(dir_fd);
	return rc < 0 ? rc : fd;
}

static void
write_head(struct cgn_capture_file *f, int fd, const struct cgn_capture_info *info)
{
	const struct cgn_capture_spec *s = &info->spec;
	char text[HEAD_LEN], inside[CGN_IP4_STRLEN], peer[CGN_IP4_STRLEN];

	snprintf(text, sizeof(text),
		"capture %u of tenant %s, subscriber %s, peer %s, protocol %u (0: all), at most %u "
		"packets, %u s; asked for by %s",
		info->id, s->tenant_name,
		s->inside != CGN_NONE ? cgn_ip4_str(s->inside_addr, inside) : "any",
		s->peer != 0 ? cgn_ip4_str(s->peer, peer) : "any", s->ip_proto, s->packets,
		s->seconds, s->by);
	cgn_pcapng_begin(&f->pcapng, fd, "cgnatd " CGN_VERSION, text);
	for (int side = 0; side < CGN_TAP_N_SIDES; side++) {
		snprintf(text, sizeof(text), "tenant %s, %s", s->tenant_name,
			side == CGN_TAP_INSIDE ? "towards subscribers" : "towards the Internet");
		cgn_pcapng_interface(&f->pcapng, side_names[side], text, s->snaplen);
	}
}

int
cgn_capture_file_open(struct cgn_capture_file *f, const char *dir, struct cgn_capture_info *info,
	cgn_ns_t now, struct cgn_errmsg *err)
{
	time_t s = (time_t)(info->started_utc_ns / CGN_NS_PER_S);
	char name[CGN_NAME_LEN + 48], when[32];
	struct tm tm;
	int fd;

	gmtime_r(&s, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, sizeof(name), "%s-%u-%s.pcapng", info->spec.tenant_name, info->id, when);
	snprintf(info->file, sizeof(info->file), "%s/%s", dir, name);
	fd = create_file(dir, name);
	if (fd < 0) {
		cgn_errmsg_set(err, "%.64s cannot be made: %s", info->file, strerror(-fd));
		return fd;
	}
	f->started = now;
	f->utc_offset_ns = info->started_utc_ns - now;
	memset(f->received, 0, sizeof(f->received));
	write_head(f, fd, info);
	return 0;
}

/* What became of it: "received", "sent fate=in2out", "dropped fate=no_route". */
static void
comment(const struct cgn_tap_record *r, char text[COMMENT_LEN])
{
	static const char *const events[] = {"received", "sent", "dropped"};
	const char *event = r->originated ? "made by the box, sent" : events[r->event];

	if (r->fate < CGN_N_FATES)
		snprintf(text, COMMENT_LEN, "%s fate=%s", event, cgn_fates[r->fate].name);
	else
		snprintf(text, COMMENT_LEN, "%s", event);
}

static struct cgn_pcapng_packet
packet(const struct cgn_capture_spec *spec, const struct cgn_tap_record *r, const char *text)
{
	return (struct cgn_pcapng_packet){.bytes = r->bytes,
		.len = r->len,
		.cap_len = RTE_MIN(r->cap_len, spec->snaplen),
		.interface = r->side,
		.is_outbound = r->leaves,
		.comment = text};
}

uint32_t
cgn_capture_file_size(const struct cgn_capture_spec *spec, const struct cgn_tap_record *r)
{
	struct cgn_pcapng_packet p;
	char text[COMMENT_LEN];

	comment(r, text);
	p = packet(spec, r, text);
	return cgn_pcapng_packet_size(&p);
}

void
cgn_capture_file_write(struct cgn_capture_file *f, const struct cgn_capture_spec *spec,
	const struct cgn_tap_record *r)
{
	struct cgn_pcapng_packet p;
	char text[COMMENT_LEN];

	comment(r, text);
	p = packet(spec, r, text);
	p.at_ns = r->at + f->utc_offset_ns;
	cgn_pcapng_packet(&f->pcapng, &p);
	f->received[r->side]++;
}

int
cgn_capture_file_close(struct cgn_capture_file *f, const uint64_t lost[CGN_TAP_N_SIDES],
	cgn_ns_t now, const char *why)
{
	char text[COMMENT_LEN];
	int rc;

	for (uint32_t side = 0; side < CGN_TAP_N_SIDES; side++) {
		snprintf(text, sizeof(text), "ended: %s; %lu lost in full rings", why,
			(unsigned long)lost[side]);
		cgn_pcapng_statistics(&f->pcapng,
			&(struct cgn_pcapng_statistics){.start_ns = f->started + f->utc_offset_ns,
				.end_ns = now + f->utc_offset_ns,
				.received = f->received[side] + lost[side],
				.dropped = lost[side],
				.interface = side,
				.comment = text});
	}
	rc = cgn_pcapng_flush(&f->pcapng);
	if (close(f->pcapng.fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}
