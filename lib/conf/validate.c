/* SPDX-License-Identifier: BSD-3-Clause */
/* What all rules share, and their order. Called by conf.c on the main thread. */
#include "validate.h"

#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
cgn_validate(struct cgn_validation *v)
{
	cgn_validate_box(v);
	cgn_validate_links(v);
	cgn_validate_addresses(v);
	cgn_validate_tenants(v);
	cgn_validate_bypass(v);
	cgn_validate_radius(v);
	cgn_validate_log(v);
}

bool
cgn_rule_may(const struct cgn_validation *v, const void *field)
{
	const struct cgn_mark *mark = cgn_marks_find(v->marks, field);

	return mark != NULL && mark->is_valid;
}

void
cgn_rule_break(
	struct cgn_validation *v, enum cgn_rule rule, const void *field, const char *fmt, ...)
{
	const struct cgn_mark *mark = cgn_marks_find(v->marks, field);
	struct cgn_conf_pos pos = {.line = 1, .col = 1};
	char path[CGN_KEY_PATH_LEN] = "?";
	struct cgn_errmsg msg;
	va_list ap;

	if (mark != NULL) {
		cgn_mark_path_str(mark, path);
		pos = mark->pos;
	}
	va_start(ap, fmt);
	vsnprintf(msg.text, sizeof(msg.text), fmt, ap);
	va_end(ap);
	cgn_report_rule(v->report, rule, pos, "%s: %s", path, msg.text);
}

const char *
cgn_rule_where(const struct cgn_validation *v, const void *field, char *buf)
{
	const struct cgn_mark *mark = cgn_marks_find(v->marks, field);
	const struct cgn_conf_errors *e = v->report->errors;

	if (mark == NULL || mark->pos.file >= e->n_files)
		snprintf(buf, CGN_WHERE_LEN, "?");
	else
		snprintf(buf, CGN_WHERE_LEN, "%.220s:%u:%u", e->files[mark->pos.file],
			mark->pos.line, mark->pos.col);
	return buf;
}

static int
compare_named(const void *a, const void *b)
{
	const struct cgn_named *x = a, *y = b;
	int by_name = strcmp(x->name, y->name);

	if (by_name != 0)
		return by_name;
	/* Fields of one array: the address is the order in which they are written. */
	return (uintptr_t)x->field < (uintptr_t)y->field ? -1 : 1;
}

void
cgn_named_check(struct cgn_validation *v, struct cgn_named *named, uint32_t n, enum cgn_rule rule,
	const char *advice)
{
	char where[CGN_WHERE_LEN];
	uint32_t first = 0;

	if (n > 1)
		qsort(named, n, sizeof(*named), compare_named);
	for (uint32_t i = 1; i < n; i++) {
		if (strcmp(named[i].name, named[first].name) != 0) {
			first = i;
			continue;
		}
		named[i].is_repeated = true;
		cgn_rule_break(v, rule, named[i].field, "%.64s stands already at %s; %s",
			named[i].name, cgn_rule_where(v, named[first].field, where), advice);
	}
}
