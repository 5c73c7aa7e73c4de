/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening, writing and replacing of the journal's file; called by journal.c, see journal_file.h. */
#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MODE = 0640 }; /* it holds the nonces that protect PCP mappings */

static uint64_t
now_utc_s(void)
{
	time_t now = time(NULL);

	return now > 0 ? (uint64_t)now : 0;
}

static const struct cgn_journal_sys real_sys = {
	.pread = pread,
	.pwrite = pwrite,
	.fsync = fsync,
	.fdatasync = fdatasync,
	.ftruncate = ftruncate,
	.renameat = renameat,
	.now_utc_s = now_utc_s,
};

const struct cgn_journal_sys *cgn_journal_sys = &real_sys;

static int
set_names(struct cgn_journal_file *f, const char *path, struct cgn_errmsg *err)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t len = strlen(name);

	if (len == 0 || len + sizeof(".new") > sizeof(f->name) || strlen(path) >= PATH_MAX) {
		cgn_errmsg_set(err,
			"journal \"%.200s\" is not the path of a file, or too long; name "
			"a file in an existing folder",
			path);
		return -EINVAL;
	}
	memcpy(f->name, name, len + 1);
	memcpy(f->new_name, name, len);
	memcpy(f->new_name + len, ".new", sizeof(".new"));
	return 0;
}

static int
open_dir(struct cgn_journal_file *f, const char *path, struct cgn_errmsg *err)
{
	size_t len = strlen(path) - strlen(f->name);
	char dir[PATH_MAX];
	int rc = 0;

	memcpy(dir, path, len);
	dir[len] = '\0';
	f->dir_fd = open(len > 0 ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Asked now: the first compaction, days later, is no time to learn it. */
	if (f->dir_fd < 0 || faccessat(f->dir_fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		rc = -errno;
		cgn_errmsg_set(err,
			"the folder of journal %.200s cannot be used: %s; create it and let the "
			"daemon write to it",
			path, strerror(-rc));
	}
	return rc;
}

/* Whether the name still leads to what fd has open: the other daemon may have replaced it between
 * our open and our lock. */
static bool
is_current(const struct cgn_journal_file *f)
{
	struct stat by_fd, by_name;

	return fstat(f->fd, &by_fd) == 0 &&
		fstatat(f->dir_fd, f->name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
		by_fd.st_dev == by_name.st_dev && by_fd.st_ino == by_name.st_ino;
}

static int
open_once(struct cgn_journal_file *f)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	struct stat st;

	f->fd = openat(f->dir_fd, f->name, flags);
	if (f->fd < 0 && errno == ENOENT) {
		f->fd = openat(f->dir_fd, f->name, flags | O_CREAT | O_EXCL, FILE_MODE);
		/* umask may have taken bits. */
		if (f->fd >= 0 && fchmod(f->fd, FILE_MODE) < 0)
			return -errno;
	}
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (flock(f->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return is_current(f) ? 0 : -EAGAIN;
}

static const char *
open_advice(int rc)
{
	switch (rc) {
	case -EBUSY:
	case -EAGAIN:
	case -EEXIST:
		return "another process has it; stop that, or name another file";
	case -EINVAL:
	case -EISDIR:
		return "it is not a regular file; name one";
	case -ELOOP:
		return "it is a symbolic link, which compaction would replace; name the file";
	default:
		return "check the path and the permissions";
	}
}

int
cgn_journal_file_open(struct cgn_journal_file *f, const char *path, struct cgn_errmsg *err)
{
	int rc;

	memset(f, 0, sizeof(*f));
	f->fd = f->dir_fd = -1;
	rc = set_names(f, path, err);
	if (rc == 0)
		rc = open_dir(f, path, err);
	if (rc < 0)
		goto fail;
	/* A daemon that compacts without pause does not exist: a few tries reach any outcome. */
	for (int tries = 0; tries < 10; tries++) {
		rc = open_once(f);
		if (rc != -EAGAIN && rc != -EEXIST)
			break;
		if (f->fd >= 0)
			close(f->fd);
		f->fd = -1;
	}
	if (rc < 0) {
		cgn_errmsg_set(err, "journal %.200s cannot be opened: %s; %s", path, strerror(-rc),
			open_advice(rc));
		rc = rc == -EAGAIN || rc == -EEXIST ? -EBUSY : rc;
		goto fail;
	}
	if (unlinkat(f->dir_fd, f->new_name, 0) < 0 && errno != ENOENT) {
		rc = -errno;
		cgn_errmsg_set(err, "%.200s.new, which a crash left, cannot be removed: %s; do it",
			path, strerror(-rc));
		goto fail;
	}
	return 0;
fail:
	cgn_journal_file_close(f);
	return rc;
}

void
cgn_journal_file_close(struct cgn_journal_file *f)
{
	/* What matters was synced before, so close has nothing to report. */
	if (f->fd >= 0)
		close(f->fd);
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	f->fd = f->dir_fd = -1;
}

bool
cgn_journal_file_is_gone(const struct cgn_journal_file *f)
{
	struct stat st;

	return fstatat(f->dir_fd, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

int
cgn_journal_file_write(int fd, const void *data, size_t len, uint64_t offset, size_t *written)
{
	*written = 0;
	while (*written < len) {
		ssize_t n = cgn_journal_sys->pwrite(fd, (const uint8_t *)data + *written,
			len - *written, (off_t)(offset + *written));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		*written += (size_t)n;
	}
	return 0;
}

int
cgn_journal_file_cut(struct cgn_journal_file *f, uint64_t size)
{
	if (cgn_journal_sys->ftruncate(f->fd, (off_t)size) < 0 || cgn_journal_sys->fsync(f->fd) < 0)
		return -errno;
	return 0;
}

int
cgn_journal_file_new(struct cgn_journal_file *f)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd, rc;

	if (unlinkat(f->dir_fd, f->new_name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(f->dir_fd, f->new_name, flags, FILE_MODE);
	if (fd < 0)
		return -errno;
	/* Locked before it gets the name, so that no other daemon finds it free. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fchmod(fd, FILE_MODE) < 0) {
		rc = -errno;
		cgn_journal_file_abandon(f, fd);
		return rc;
	}
	return fd;
}

int
cgn_journal_file_replace(struct cgn_journal_file *f, int new_fd)
{
	if (cgn_journal_sys->fsync(new_fd) < 0 ||
		cgn_journal_sys->renameat(f->dir_fd, f->new_name, f->dir_fd, f->name) < 0) {
		int rc = -errno;

		cgn_journal_file_abandon(f, new_fd);
		return rc;
	}
	close(f->fd);
	f->fd = new_fd;
	f->is_dir_unsynced = true;
	return 0;
}

void
cgn_journal_file_abandon(struct cgn_journal_file *f, int new_fd)
{
	close(new_fd);
	/* If that fails the next replacement tries it again, and reports. */
	unlinkat(f->dir_fd, f->new_name, 0);
}

int
cgn_journal_file_sync_dir(struct cgn_journal_file *f)
{
	if (f->is_dir_unsynced && cgn_journal_sys->fsync(f->dir_fd) < 0)
		return -errno;
	f->is_dir_unsynced = false;
	return 0;
}
