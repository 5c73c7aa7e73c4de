/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of scenarios that change sessions, as control is asked by other threads. */
#include <string.h>

#include "control.h"
#include "scn.h"

/* A REMOVE or MOVE names whom it is about by address or by id. */
static void
whom(struct scn *s, const char *word, struct cgn_session_change *change)
{
	if (cgn_ip4_parse(word, &change->addr) == 0)
		return;
	change->addr = 0;
	snprintf(change->id, sizeof(change->id), "%s", word);
}

static void
parse(struct scn *s, struct cgn_session_change *change)
{
	const char *kind = s->words[2];

	if (s->n_words < 5)
		scn_wrong(s, "session RESULT add|move|remove TENANT …");
	change->tenant = cgn_directory_tenant_find(s->sim->box->dir, s->words[3]);
	if (strcmp(kind, "remove") == 0) {
		change->kind = CGN_SESSION_REMOVE;
		whom(s, s->words[4], change);
	} else if (strcmp(kind, "move") == 0 && s->n_words > 5) {
		change->kind = CGN_SESSION_MOVE;
		whom(s, s->words[4], change);
		change->to = scn_addr(s, s->words[5]);
	} else if (strcmp(kind, "add") == 0 && s->n_words > 5) {
		change->kind = CGN_SESSION_ADD;
		change->addr = scn_addr(s, s->words[4]);
		snprintf(change->id, sizeof(change->id), "%s", s->words[5]);
		if (s->n_words > 6)
			snprintf(change->class_name, sizeof(change->class_name), "%s", s->words[6]);
	} else {
		scn_wrong(s, "add ADDRESS ID [CLASS], move ADDRESS|ID ADDRESS, remove ADDRESS|ID");
	}
}

/* Is it the result in words, with - for blanks? */
static bool
is_result(const char *word, const char *name)
{
	for (; *word != '\0' && *name != '\0'; word++, name++)
		if (*word != *name && !(*word == '-' && *name == ' '))
			return false;
	return *word == *name;
}

void
scn_cmd_session(struct scn *s)
{
	struct cgn_session_batch batch;
	struct cgn_session_change *change = &batch.changes[0];

	memset(&batch, 0, sizeof(batch));
	parse(s, change);
	batch.n = 1;
	do {
		cgn_session_batch_run(s->sim->box->control, &batch);
		cgn_sim_run(s->sim);
	} while (batch.n_done == 0);
	if (!is_result(s->words[1], cgn_session_result_names[change->result]))
		scn_fail(s, "the result is: %s", cgn_session_result_names[change->result]);
}
