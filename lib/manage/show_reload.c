/* SPDX-License-Identifier: BSD-3-Clause */
/* The command "reload": the one handler that runs without holding the box. Telemetry threads. */
#include <pthread.h>
#include <string.h>

#include "reloader.h"
#include "schema.h"
#include "show.h"

static pthread_rwlock_t reloader_lock = PTHREAD_RWLOCK_INITIALIZER;
static const struct cgn_reloader *the_reloader;

void
cgn_manage_set_reloader(const struct cgn_reloader *reloader)
{
	pthread_rwlock_wrlock(&reloader_lock);
	the_reloader = reloader;
	pthread_rwlock_unlock(&reloader_lock);
}

const char *
cgn_reload_outcome_str(enum cgn_reload_outcome outcome)
{
	static const char *const names[CGN_N_RELOAD_OUTCOMES] = {
		"applied", "dry_run", "unchanged", "refused", "bad", "busy"};

	return names[outcome];
}

static void
add_item(struct cgn_show *show, const struct cgn_reload_result *result)
{
	const struct cgn_diff *diff = &result->diff;

	cgn_reply_str(show->reply, "outcome", cgn_reload_outcome_str(result->outcome));
	cgn_reply_str(show->reply, "message", result->message);
	cgn_reply_u64(show->reply, "live", diff->n_by_reload[CGN_RELOAD_LIVE]);
	cgn_reply_u64(show->reply, "drain", diff->n_by_reload[CGN_RELOAD_DRAIN]);
	cgn_reply_u64(show->reply, "restart", diff->n_by_reload[CGN_RELOAD_RESTART]);
}

static void
add_rows(struct cgn_show *show, const struct cgn_diff *diff)
{
	for (uint64_t i = cgn_show_cursor(show); i < diff->n_items; i++) {
		const struct cgn_diff_item *item = &diff->items[i];

		cgn_reply_row_begin(show->reply);
		cgn_reply_str(show->reply, "path", item->path);
		cgn_reply_str(show->reply, "change", cgn_change_name(item->change));
		cgn_reply_str(show->reply, "class", cgn_reload_name(item->reload));
		cgn_reply_str(show->reply, "old", item->old_text != NULL ? item->old_text : "-");
		cgn_reply_str(show->reply, "new", item->new_text != NULL ? item->new_text : "-");
		cgn_reply_str(show->reply, "effect", item->effect != NULL ? item->effect : "");
		if (!cgn_show_row_end(show, i, i + 1 < diff->n_items ? i + 1 : 0))
			return;
	}
}

void
cgn_show_reload(struct cgn_show *show)
{
	const struct cgn_param_value *dry = cgn_params_find(show->params, CGN_PARAM_DRY_RUN);
	struct cgn_reload_result result;

	memset(&result, 0, sizeof(result));
	pthread_rwlock_rdlock(&reloader_lock);
	if (the_reloader == NULL)
		cgn_reply_error(show->reply, "", "the daemon is starting or stopping");
	else
		the_reloader->run(the_reloader->ctx, dry != NULL && dry->number != 0, &result);
	if (result.outcome == CGN_RELOAD_BAD || result.outcome == CGN_RELOAD_BUSY)
		cgn_reply_error(show->reply, "", "%s", result.message);
	else if (the_reloader != NULL) {
		add_item(show, &result);
		add_rows(show, &result.diff);
		if (result.outcome != CGN_RELOAD_DRY_RUN)
			show->next = 0; /* asking for a second page would reload again */
	}
	pthread_rwlock_unlock(&reloader_lock);
	cgn_diff_fini(&result.diff);
}
