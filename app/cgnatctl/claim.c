/* SPDX-License-Identifier: BSD-3-Clause */
/* See claim.h. Called by main.c. */
#include "claim.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
login(void)
{
	static const char *const callers[] = {"SUDO_USER", "DOAS_USER"};
	const struct passwd *user;

	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
		const char *name = getenv(callers[i]);

		if (name != NULL && name[0] != '\0')
			return name;
	}
	user = getpwuid(getuid());
	return user != NULL ? user->pw_name : "";
}

/* The daemon takes fewer letters than a system may. */
static void
clean(char *copy, size_t size, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._@+-";
	size_t n = 0;

	for (; *name != '\0' && n + 1 < size; name++)
		copy[n++] = strchr(letters, *name) != NULL ? *name : '_';
	copy[n] = '\0';
}

void
cgn_claim_add(struct cgn_options *o)
{
	const bool takes = o->cmd != NULL && (o->cmd->takes >> CGN_PARAM_BY & 1);
	size_t n = strlen(o->params);
	char name[32];

	if (!takes || strncmp(o->params, "by=", 3) == 0 || strstr(o->params, ",by=") != NULL)
		return;
	clean(name, sizeof(name), login());
	if (name[0] != '\0')
		snprintf(o->params + n, sizeof(o->params) - n, "%sby=%s", n > 0 ? "," : "", name);
}
