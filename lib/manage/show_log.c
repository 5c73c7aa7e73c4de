/* SPDX-License-Identifier: BSD-3-Clause */
/* Handler about the log and its outputs. Telemetry threads. */
#include "natlog_status.h"
#include "show.h"

static void
add_output(struct cgn_show *show, const struct cgn_natlog_output *out)
{
	cgn_reply_row_begin(show->reply);
	cgn_reply_str(show->reply, "form", out->form);
	cgn_reply_str(show->reply, "to", out->to);
	cgn_reply_str(show->reply, "transport", out->transport);
	cgn_reply_str(show->reply, "state", out->is_away ? "away" : out->is_up ? "up" : "opening");
	cgn_reply_u64(show->reply, "records", out->n_records);
	cgn_reply_u64(show->reply, "lost", out->n_lost);
	cgn_reply_u64(show->reply, "waiting", out->n_waiting);
	cgn_reply_u64(show->reply, "failures", out->n_failures);
	cgn_reply_str(show->reply, "error", out->error[0] != '\0' ? out->error : "-");
}

void
cgn_show_log(struct cgn_show *show)
{
	const struct cgn_natlog_feed *feed = &show->box->control->natlog;
	struct cgn_natlog_status *status = feed->status;

	cgn_reply_u64(show->reply, "told", __atomic_load_n(&feed->number, __ATOMIC_RELAXED));
	cgn_reply_u64(show->reply, "gap_records", __atomic_load_n(&feed->lost, __ATOMIC_RELAXED));
	show->next = 0;
	if (status == NULL)
		return;
	pthread_mutex_lock(&status->lock);
	for (uint64_t i = cgn_show_cursor(show); i < status->n_outputs; i++) {
		add_output(show, &status->outputs[i]);
		if (!cgn_show_row_end(show, i, i + 1 < status->n_outputs ? i + 1 : 0))
			break;
	}
	pthread_mutex_unlock(&status->lock);
}
