/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading of regular files; called by conf.c on the main thread, which may block. */
#include "read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check_file(int fd, size_t max, struct cgn_errmsg *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		cgn_errmsg_set(
			err, "cannot be examined: %s; check the file system", strerror(errno));
		return -EINVAL;
	}
	if (S_ISDIR(st.st_mode)) {
		cgn_errmsg_set(err, "is a directory; name the file in it");
		return -EINVAL;
	}
	if (!S_ISREG(st.st_mode)) {
		cgn_errmsg_set(err, "is not a regular file; name one");
		return -EINVAL;
	}
	if (st.st_size > (off_t)max) {
		cgn_errmsg_set(
			err, "is larger than %zu MiB; check that it is the right one", max >> 20);
		return -EINVAL;
	}
	return 0;
}

/* The file may grow while it is read: the limit holds for what is read, not for what fstat said. */
static int
read_all(int fd, size_t max, char *text, size_t *len, struct cgn_errmsg *err)
{
	*len = 0;
	for (;;) {
		ssize_t n = read(fd, text + *len, max + 1 - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			cgn_errmsg_set(err, "cannot be read: %s; check the file", strerror(errno));
			return -EINVAL;
		}
		*len += (size_t)n;
		if (n == 0)
			return 0;
		if (*len > max) {
			cgn_errmsg_set(err,
				"is larger than %zu MiB; check that it is the right one",
				max >> 20);
			return -EINVAL;
		}
	}
}

int
cgn_file_read(const char *path, size_t max, char **text, size_t *len, struct cgn_errmsg *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *smaller;
	int rc;

	*text = NULL;
	if (fd < 0) {
		cgn_errmsg_set(err, "cannot be opened: %s; check the path and the permissions",
			strerror(errno));
		return -EINVAL;
	}
	rc = check_file(fd, max, err);
	if (rc < 0)
		goto out;
	*text = malloc(max + 1);
	rc = *text != NULL ? read_all(fd, max, *text, len, err) : -ENOMEM;
	if (rc < 0) {
		free(*text);
		*text = NULL;
		goto out;
	}
	smaller = realloc(*text, *len + 1);
	if (smaller != NULL)
		*text = smaller;
out:
	close(fd);
	return rc;
}

char *
cgn_path_join(const char *base, const char *entry)
{
	const char *slash = strrchr(base, '/');
	size_t n = entry[0] == '/' || slash == NULL ? 0 : (size_t)(slash - base) + 1;
	char *path = malloc(n + strlen(entry) + 1);
	char *out;

	if (path == NULL)
		return NULL;
	memcpy(path, base, n);
	out = path + n;
	while (*entry != '\0') {
		bool is_start = out == path || out[-1] == '/';

		if (is_start && entry[0] == '.' && entry[1] == '/')
			entry += 2;
		else if (is_start && out != path && entry[0] == '/')
			entry++;
		else
			*out++ = *entry++;
	}
	*out = '\0';
	return path;
}
