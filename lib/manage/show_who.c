/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who a subscriber is: what its session calls it while it has one, else what the tenant's list
 * does, and the tags of the list. Telemetry threads.
 */
#include <stdio.h>
#include <string.h>

#include "show.h"

static const struct cgn_conf_listed *
listed_of(const struct cgn_show *show, uint32_t inside)
{
	const struct cgn_directory *dir = show->box->dir;

	if (!cgn_directory_inside_live(dir, inside))
		return NULL;
	return cgn_directory_listed(
		dir, dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant, inside);
}

const char *
cgn_show_id_str(const struct cgn_show *show, uint32_t inside, const char *session)
{
	const struct cgn_conf_listed *listed = listed_of(show, inside);

	return session[0] != '\0' ? session : listed != NULL ? listed->id : "-";
}

void
cgn_show_tags(struct cgn_show *show, const char *name, uint32_t inside)
{
	const struct cgn_conf_listed *listed = listed_of(show, inside);
	char text[CGN_MAX_TAGS * CGN_NAME_LEN] = "-";
	size_t len = 0;

	for (uint32_t i = 0; listed != NULL && i < listed->n_tags; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? "," : "",
			listed->tags[i].name);
	cgn_reply_str(show->reply, name, text);
}

bool
cgn_show_is_listed(const struct cgn_show *show, uint32_t inside)
{
	return listed_of(show, inside) != NULL;
}

void
cgn_show_event_who(struct cgn_show *show, uint32_t inside)
{
	struct cgn_query_subscriber q = {.inside = inside};
	const char *id;

	if (inside == CGN_NONE)
		return;
	/* Without an answer the list alone knows it. */
	(void)cgn_request_call(&show->box->control->requests, cgn_query_subscriber, &q, sizeof(q));
	id = cgn_show_id_str(show, inside, q.row.id);
	if (strcmp(id, "-") != 0)
		cgn_event_set_text(show->event, CGN_EVENT_FIELD_SESSION, id);
}
