/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding and opening segments; see segment.h. */
#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
cgn_segment_name(const struct cgn_segment *s, char name[CGN_SEGMENT_NAME_LEN])
{
	snprintf(name, CGN_SEGMENT_NAME_LEN, "%010" PRIu64 "-%014" PRIu64 "-%014" PRIu64 ".log",
		s->id, s->base_utc, s->prev_utc);
}

static bool
parse(const char *name, struct cgn_segment *s)
{
	char again[CGN_SEGMENT_NAME_LEN];

	/* NOLINTNEXTLINE(cert-err34-c): numbers that did not fit print as others */
	if (sscanf(name, "%" SCNu64 "-%" SCNu64 "-%" SCNu64, &s->id, &s->base_utc, &s->prev_utc) !=
		3)
		return false;
	cgn_segment_name(s, again);
	return strcmp(name, again) == 0;
}

static int
compare(const void *a, const void *b)
{
	const struct cgn_segment *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int
read_dir(DIR *dir, int dir_fd, struct cgn_segment **list)
{
	size_t n = 0, room = 0;
	struct dirent *entry;
	struct stat st;

	while ((entry = readdir(dir)) != NULL) {
		struct cgn_segment s, *more;

		if (!parse(entry->d_name, &s) ||
			fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode))
			continue; /* not ours, or just deleted */
		if (n == room) {
			room = room > 0 ? 2 * room : 64;
			more = realloc(*list, room * sizeof(**list));
			if (more == NULL)
				return -ENOMEM;
			*list = more;
		}
		s.size = (uint64_t)st.st_size;
		(*list)[n++] = s;
	}
	if (n > 0)
		qsort(*list, n, sizeof(**list), compare);
	return (int)n;
}

int
cgn_segment_list(int dir_fd, struct cgn_segment **list)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	*list = NULL;
	if (dir == NULL) {
		n = -errno;
		if (fd >= 0)
			close(fd);
		return n;
	}
	n = read_dir(dir, dir_fd, list);
	closedir(dir);
	if (n < 0) {
		free(*list);
		*list = NULL;
	}
	return n;
}

int
cgn_segment_read(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (uint8_t *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static int
read_header(int fd, uint64_t id, struct cgn_segment_header *header)
{
	uint8_t bytes[CGN_SEGMENT_HEADER_LEN];
	struct stat st;
	uint64_t n;
	int rc = cgn_segment_read(fd, bytes, sizeof(bytes), 0);

	if (rc < 0)
		return rc == -EIO ? -EBADMSG : rc;
	if (!cgn_segment_header_decode(bytes, header) || header->id != id)
		return -EBADMSG;
	if (fstat(fd, &st) < 0)
		return -errno;
	n = ((uint64_t)st.st_size - sizeof(bytes)) / CGN_SLOT_LEN;
	if (n > UINT32_MAX)
		return -EBADMSG;
	if (header->flags & CGN_SEGMENT_SORTED)
		return header->n_slots <= n ? 0 : -EBADMSG;
	header->n_slots = (uint32_t)n;
	header->n_marks = 0;
	return 0;
}

int
cgn_segment_open(int dir_fd, const struct cgn_segment *s, struct cgn_segment_header *header)
{
	char name[CGN_SEGMENT_NAME_LEN];
	int fd, rc;

	cgn_segment_name(s, name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = read_header(fd, s->id, header);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}
