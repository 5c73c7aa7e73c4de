/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of configuration errors; called by the loader, the decoder and the rules. */
#include "report.h"

#include "err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *help;
} rules[] = {
#define CGN_RULE(id, name, help) [CGN_RULE_##id] = {name, help},
#include "rules.def"
#undef CGN_RULE
};

const char *
cgn_rule_name(enum cgn_rule rule)
{
	return rules[rule].name;
}

const char *
cgn_rule_help(enum cgn_rule rule)
{
	return rules[rule].help;
}

void
cgn_report_init(struct cgn_report *report, struct cgn_conf_errors *errors)
{
	memset(errors, 0, sizeof(*errors));
	memset(report, 0, sizeof(*report));
	report->errors = errors;
}

uint16_t
cgn_report_file(struct cgn_report *report, const char *path)
{
	struct cgn_conf_errors *e = report->errors;
	char **files = realloc(e->files, (e->n_files + 1) * sizeof(*files));
	char *copy = strdup(path);

	if (files != NULL)
		e->files = files;
	if (files == NULL || copy == NULL) {
		report->out_of_memory = true;
		free(copy);
		return 0;
	}
	files[e->n_files] = copy;
	return (uint16_t)e->n_files++;
}

static void
add_text(struct cgn_report *report, struct cgn_conf_pos pos, const char *text)
{
	struct cgn_conf_errors *e = report->errors;

	if (e->n_errors == report->n_alloc) {
		uint32_t n = report->n_alloc ? report->n_alloc * 2 : 16;
		struct cgn_conf_error *errors = realloc(e->errors, n * sizeof(*errors));

		if (errors == NULL) {
			report->out_of_memory = true;
			return;
		}
		e->errors = errors;
		report->n_alloc = n;
	}
	e->errors[e->n_errors].pos = pos;
	e->errors[e->n_errors].text = strdup(text);
	if (e->errors[e->n_errors].text == NULL)
		report->out_of_memory = true;
	else
		e->n_errors++;
}

/* Text of the files ends up on terminals and in logs: no control bytes, no broken UTF-8 cut. */
static void
make_printable(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
}

static void
add_error(struct cgn_report *report, struct cgn_conf_pos pos, char *text)
{
	if (report->full)
		return;
	if (report->errors->n_errors == CGN_MAX_CONF_ERRORS - 1) {
		report->full = true;
		add_text(report, pos, "too many errors, the rest is not shown; mend these first");
		return;
	}
	make_printable(text);
	add_text(report, pos, text);
}

void
cgn_report_add(struct cgn_report *report, struct cgn_conf_pos pos, const char *fmt, ...)
{
	struct cgn_errmsg msg;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg.text, sizeof(msg.text), fmt, ap);
	va_end(ap);
	add_error(report, pos, msg.text);
}

void
cgn_report_rule(struct cgn_report *report, enum cgn_rule rule, struct cgn_conf_pos pos,
	const char *fmt, ...)
{
	struct cgn_errmsg msg;
	char text[sizeof(msg.text) + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg.text, sizeof(msg.text), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%s [%s]", msg.text, cgn_rule_name(rule));
	add_error(report, pos, text);
}

static int
compare_errors(const void *a, const void *b)
{
	const struct cgn_conf_error *x = a, *y = b;

	if (x->pos.file != y->pos.file)
		return x->pos.file < y->pos.file ? -1 : 1;
	if (x->pos.line != y->pos.line)
		return x->pos.line < y->pos.line ? -1 : 1;
	if (x->pos.col != y->pos.col)
		return x->pos.col < y->pos.col ? -1 : 1;
	return strcmp(x->text, y->text);
}

void
cgn_report_sort(struct cgn_report *report)
{
	struct cgn_conf_errors *e = report->errors;
	uint32_t n = e->n_errors;

	if (report->full && n > 0)
		n--; /* the last one says that there are more */
	if (n > 1)
		qsort(e->errors, n, sizeof(*e->errors), compare_errors);
}

const char *
cgn_conf_error_str(const struct cgn_conf_errors *errors, uint32_t i, char *buf, uint32_t size)
{
	const struct cgn_conf_error *e = &errors->errors[i];
	const char *file = e->pos.file < errors->n_files ? errors->files[e->pos.file] : "?";

	snprintf(buf, size, "%s:%u:%u: %s", file, e->pos.line, e->pos.col, e->text);
	return buf;
}

void
cgn_conf_errors_free(struct cgn_conf_errors *errors)
{
	for (uint32_t i = 0; i < errors->n_errors; i++)
		free(errors->errors[i].text);
	for (uint32_t i = 0; i < errors->n_files; i++)
		free(errors->files[i]);
	free(errors->errors);
	free(errors->files);
	memset(errors, 0, sizeof(*errors));
}
