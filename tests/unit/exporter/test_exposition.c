/* SPDX-License-Identifier: BSD-3-Clause */
/* Both formats, from rows that the test makes. */
#include "exposition.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "snapshot.h"

static struct cgn_snapshot snapshot;

static void
setup(void)
{
	cr_assert(cgn_snapshot_init(&snapshot));
}

static void
teardown(void)
{
	cgn_snapshot_fini(&snapshot);
}

TestSuite(exposition, .init = setup, .fini = teardown);

static void
add(enum cgn_metric_source source, const char *text)
{
	json_t *row = json_loads(text, 0, NULL);

	cr_assert_not_null(row, "%s", text);
	cgn_snapshot_add(&snapshot, source, row);
	json_decref(row);
}

static void
expect(enum cgn_exposition format, const char *wanted)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cgn_exposition_write(out, &snapshot, format);
	fclose(out);
	cr_expect_str_eq(text, wanted);
	free(text);
}

Test(exposition, counter_with_unit)
{
	add(CGN_SOURCE_FATES, "{\"fate\":\"in2out\",\"severity\":\"ok\",\"packets\":7}");
	expect(CGN_OPENMETRICS,
		"# TYPE cgnat_fate_packets counter\n# UNIT cgnat_fate_packets packets\n"
		"# HELP cgnat_fate_packets Packets by what became of them; in2out, out2in and "
		"hairpin are the forwarded ones.\n"
		"cgnat_fate_packets_total{fate=\"in2out\",severity=\"ok\"} 7\n# EOF\n");
	expect(CGN_PROMETHEUS,
		"# HELP cgnat_fate_packets_total Packets by what became of them; in2out, out2in "
		"and hairpin are the forwarded ones.\n# TYPE cgnat_fate_packets_total counter\n"
		"cgnat_fate_packets_total{fate=\"in2out\",severity=\"ok\"} 7\n");
}

Test(exposition, info_and_scaled_gauge)
{
	add(CGN_SOURCE_EXPORTER, "{\"version\":\"1.2\",\"scrape_us\":12345}");
	expect(CGN_OPENMETRICS,
		"# TYPE cgnat_exporter_build info\n# HELP cgnat_exporter_build Version of the "
		"exporter.\ncgnat_exporter_build_info{version=\"1.2\"} 1\n"
		"# TYPE cgnat_exporter_scrape_seconds gauge\n"
		"# UNIT cgnat_exporter_scrape_seconds seconds\n"
		"# HELP cgnat_exporter_scrape_seconds Time that it took to ask the daemon.\n"
		"cgnat_exporter_scrape_seconds 0.012345\n# EOF\n");
	expect(CGN_PROMETHEUS,
		"# HELP cgnat_exporter_build_info Version of the exporter.\n"
		"# TYPE cgnat_exporter_build_info gauge\n"
		"cgnat_exporter_build_info{version=\"1.2\"} 1\n"
		"# HELP cgnat_exporter_scrape_seconds Time that it took to ask the daemon.\n"
		"# TYPE cgnat_exporter_scrape_seconds gauge\n"
		"cgnat_exporter_scrape_seconds 0.012345\n");
}

Test(exposition, label_values_are_escaped)
{
	add(CGN_SOURCE_ORIGINATED, "{\"kind\":\"a\\\\b\\\"c\\nx\",\"packets\":1}");
	expect(CGN_OPENMETRICS,
		"# TYPE cgnat_originated_packets counter\n# UNIT cgnat_originated_packets packets\n"
		"# HELP cgnat_originated_packets Packets that the box made itself.\n"
		"cgnat_originated_packets_total{kind=\"a\\\\b\\\"c\\nx\"} 1\n# EOF\n");
}

Test(exposition, escaping_is_cut_at_its_room)
{
	char text[2000], out[CGN_ESCAPED_LEN];

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cgn_exposition_escape(text, true, out);
	cr_expect_geq(strlen(out), CGN_ESCAPED_LEN - 3);
	cr_expect_eq(strlen(out) % 2, 0);
	cgn_exposition_escape("say \"x\"\n", false, out);
	cr_expect_str_eq(out, "say \"x\"\\n");
}

Test(exposition, rows_with_the_same_labels_are_added_up)
{
	add(CGN_SOURCE_POOLS, "{\"tenant\":\"a\",\"address\":\"192.0.2.1\",\"tcp\":5}");
	add(CGN_SOURCE_POOLS, "{\"tenant\":\"b\",\"address\":\"192.0.2.9\",\"tcp\":1}");
	add(CGN_SOURCE_POOLS, "{\"tenant\":\"a\",\"address\":\"192.0.2.2\",\"tcp\":6}");
	expect(CGN_PROMETHEUS,
		"# HELP cgnat_tenant_ports Outside ports (ICMP: identifiers) that are mapped, or "
		"rest after that.\n# TYPE cgnat_tenant_ports gauge\n"
		"cgnat_tenant_ports{tenant=\"a\",protocol=\"tcp\",state=\"mapped\"} 11\n"
		"cgnat_tenant_ports{tenant=\"b\",protocol=\"tcp\",state=\"mapped\"} 1\n");
}

Test(exposition, what_is_missing_or_of_another_type_is_left_out)
{
	add(CGN_SOURCE_FATES, "{\"fate\":\"in2out\",\"packets\":7}");
	add(CGN_SOURCE_FATES, "{\"fate\":\"in2out\",\"severity\":\"ok\",\"packets\":\"7\"}");
	add(CGN_SOURCE_FATES, "{\"fate\":4,\"severity\":\"ok\",\"packets\":7}");
	add(CGN_SOURCE_FATES, "[1, 2]");
	add(CGN_SOURCE_FATES, "{\"fate\":\"in2out\",\"severity\":\"ok\",\"packets\":1.5}");
	expect(CGN_PROMETHEUS, "");
	expect(CGN_OPENMETRICS, "# EOF\n");
}

Test(exposition, words_become_0_or_1)
{
	add(CGN_SOURCE_PORTS, "{\"port\":\"wan\",\"role\":\"outside\",\"link\":\"up\"}");
	add(CGN_SOURCE_PORTS, "{\"port\":\"lan\",\"role\":\"inside\",\"link\":\"down\"}");
	add(CGN_SOURCE_PORTS, "{\"port\":\"odd\",\"role\":\"inside\"}");
	expect(CGN_PROMETHEUS,
		"# HELP cgnat_port_up Whether the link is up.\n# TYPE cgnat_port_up gauge\n"
		"cgnat_port_up{port=\"wan\",role=\"outside\"} 1\n"
		"cgnat_port_up{port=\"lan\",role=\"inside\"} 0\n");
}

Test(exposition, an_alarm_is_1_while_it_is_raised)
{
	add(CGN_SOURCE_ALARMS, "{\"alarm\": \"blocks\", \"tenant\": \"a\", \"state\": \"active\"}");
	add(CGN_SOURCE_ALARMS, "{\"alarm\": \"table\", \"tenant\": \"-\", \"state\": \"cleared\"}");
	expect(CGN_PROMETHEUS,
		"# HELP cgnat_alarm_active 1: the alarm is raised; 0: it was cleared in the last "
		"hour; no sample: neither. Tenant -: the box.\n# TYPE cgnat_alarm_active gauge\n"
		"cgnat_alarm_active{alarm=\"blocks\",tenant=\"a\"} 1\n"
		"cgnat_alarm_active{alarm=\"table\",tenant=\"-\"} 0\n");
}

Test(exposition, accept_decides_the_format)
{
	static const struct {
		const char *accept;
		enum cgn_exposition format;
	} cases[] = {
		{NULL, CGN_OPENMETRICS},
		{"", CGN_OPENMETRICS},
		{"*/*", CGN_OPENMETRICS},
		{"text/plain", CGN_PROMETHEUS},
		{"TEXT/Plain;version=0.0.4", CGN_PROMETHEUS},
		{"text/*", CGN_PROMETHEUS},
		{"text/html, */*;q=0.1", CGN_OPENMETRICS},
		{"text/plain;version=0.0.4;q=1,*/*;q=0.1", CGN_PROMETHEUS},
		/* Prometheus 2.42, and one that was told to prefer the text format. */
		{"application/openmetrics-text;version=1.0.0,application/"
		 "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
			CGN_OPENMETRICS},
		{"text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5",
			CGN_PROMETHEUS},
		{"application/openmetrics-text;q=0,text/plain;q=0.001", CGN_PROMETHEUS},
		{"application/*;q=0.3,text/plain; q=0.2", CGN_OPENMETRICS},
		{"image/png", CGN_OPENMETRICS},
		{";;;q=,,/;q", CGN_OPENMETRICS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(cgn_exposition_choose(cases[i].accept), cases[i].format, "%s",
			cases[i].accept != NULL ? cases[i].accept : "none");
	cr_expect_str_eq(cgn_exposition_content_type(CGN_OPENMETRICS),
		"application/openmetrics-text; version=1.0.0; charset=utf-8");
}
