/* SPDX-License-Identifier: BSD-3-Clause */
/* What takes time: sorting, syncing, removing. See logstore.h; the house's thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "logstore_impl.h"

/* What has no memory or no disk for it now may have it later. */
static bool
is_short(int rc)
{
	return rc == -ENOMEM || rc == -ENOSPC || rc == -EDQUOT;
}

/* Of those that are closed, the first that is not sorted; one at a time, it takes about a second.
 * One that cannot be sorted is searched from end to end. */
static void
sort_next(struct cgn_logstore *store, const struct cgn_segment *list, int n, uint64_t current,
	uint64_t utc_ms)
{
	const bool is_again = store->retry_utc != 0;
	int rc = 1;

	/* A clock that was set back is no reason to wait for longer. */
	if (utc_ms < store->retry_utc && store->retry_utc - utc_ms <= CGN_LOGSTORE_SORT_RETRY_MS)
		return;
	for (int i = 0; rc == 1 && i < n && list[i].id < current; i++) {
		if (list[i].id <= store->sorted)
			continue;
		rc = cgn_segment_sort(store->dir_fd, &list[i]);
		if (!is_short(rc))
			store->sorted = list[i].id;
		if (rc < 0 && rc != -ENOENT && !(is_short(rc) && is_again))
			cgn_warn("log", "file %llu of the local log was not sorted errno=%d",
				(unsigned long long)list[i].id, -rc);
	}
	store->retry_utc = is_short(rc) ? utc_ms + CGN_LOGSTORE_SORT_RETRY_MS : 0;
}

/* By its end: when the next one begins, unless the clock was set back for that. A time that has not
 * come yet is one that a clock went to by mistake: the file after that says more. */
static bool
is_old(const struct cgn_logstore *store, const struct cgn_segment *next,
	const struct cgn_segment *list_end, uint64_t utc_ms)
{
	uint64_t end;

	while (next < list_end && next->base_utc > utc_ms)
		next++;
	if (next == list_end)
		return false;
	end = next->base_utc;
	if (next->prev_utc > end && next->prev_utc <= utc_ms)
		end = next->prev_utc;
	return end + store->limits.max_age_s * 1000 < utc_ms;
}

static void
remove_old(struct cgn_logstore *store, const struct cgn_segment *list, int n, uint64_t current,
	uint64_t utc_ms)
{
	char name[CGN_SEGMENT_NAME_LEN];
	uint64_t size = 0;

	for (int i = 0; i < n; i++)
		size += list[i].size;
	for (int i = 0; i + 1 < n && list[i].id < current; i++) {
		if (size <= store->limits.max_bytes &&
			!is_old(store, &list[i + 1], list + n, utc_ms))
			return;
		cgn_segment_name(&list[i], name);
		if (unlinkat(store->dir_fd, name, 0) < 0 && errno != ENOENT)
			return; /* size is what it was; a second from now again */
		size -= list[i].size;
	}
}

static void
sync_current(struct cgn_logstore *store, const struct cgn_segment *last)
{
	char name[CGN_SEGMENT_NAME_LEN];
	int fd;

	cgn_segment_name(last, name);
	fd = openat(store->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	fdatasync(fd); /* an error shows at the next write, or when the file is read */
	close(fd);
	/* A new file's name is not in the folder for good by that. */
	if (store->synced != last->id && fsync(store->dir_fd) == 0)
		store->synced = last->id;
}

void
cgn_logstore_house(struct cgn_logstore *store, uint64_t utc_ms)
{
	const uint64_t current = atomic_load_explicit(&store->current, memory_order_acquire);
	struct cgn_segment *list;
	int n = cgn_segment_list(store->dir_fd, &list);

	if (n <= 0)
		return;
	sync_current(store, &list[n - 1]);
	sort_next(store, list, n, current, utc_ms);
	remove_old(store, list, n, current, utc_ms);
	free(list);
}
