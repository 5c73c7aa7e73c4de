/* SPDX-License-Identifier: BSD-3-Clause */
/* What a good configuration should still be told. Main thread; --check and start. */
#include <stdio.h>

#include "daemon.h"
#include "directory.h"

/* One line for a tenant, at its first attachment without binding. */
static void
warn_tenant(const struct cgn_directory *dir, uint32_t t, void (*say)(const char *line))
{
	const uint16_t *ifaces = dir->tenants[t].ifaces;
	const struct cgn_conf_tenant *conf = dir->tenants[t].conf;
	uint32_t n = 0, first = 0;
	char line[512];

	if (!conf->portctl.natpmp && !conf->portctl.pcp)
		return;
	for (uint32_t a = 0; a < conf->n_attachments; a++)
		if (dir->ifaces[ifaces[a]].unbound && n++ == 0)
			first = a;
	if (n == 0)
		return;
	snprintf(line, sizeof(line),
		"%s:%u:%u: attachments[%u].binding: subscribers that share an attachment get no "
		"mappings by NAT-PMP and PCP (%u of %u attachments of tenant %s); write access "
		"where the access network keeps them from each other's addresses",
		dir->conf->files[conf->attachments[first].pos.file],
		conf->attachments[first].pos.line, conf->attachments[first].pos.col, first, n,
		conf->n_attachments, conf->name);
	say(line);
}

void
cgn_warnings(const struct cgn_directory *dir, void (*say)(const char *line))
{
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t))
			warn_tenant(dir, t, say);
}
