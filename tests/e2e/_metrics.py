#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Readers of the exporter's answers that are not ours. Each verb fails with the reason.

parse FILE                 Prometheus' OpenMetrics parser, and the conventions for names and units
compare URL CTL SOCKET     the same numbers as cgnatctl's, once nothing moves
query PROMETHEUS EXPR      Prometheus has an answer to the expression
metadata PROMETHEUS        Prometheus has type and help of what is scraped
dashboard PROMETHEUS FILE  Prometheus takes every query of the dashboard
"""
import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def fetch(url):
    with urllib.request.urlopen(url, timeout=15) as answer:
        return answer.read().decode()


def families(text):
    return {f.name: f for f in text_string_to_metric_families(text)}


def parse(path):
    with open(path, encoding="utf-8") as file:
        found = families(file.read())
    bad = []
    if len(found) < 60:
        bad.append(f"only {len(found)} families")
    for name, family in found.items():
        if family.type not in ("counter", "gauge", "info"):
            bad.append(f"{name} is {family.type}")
        if family.unit and not name.endswith("_" + family.unit):
            bad.append(f"{name} does not end in {family.unit}")
        if family.type == "counter" and any(s.name != name + "_total" for s in family.samples):
            bad.append(f"{name} has samples without _total")
        if not family.documentation or not family.samples:
            bad.append(f"{name} has no help or no samples")
    return bad


def values(family, *labels):
    return {tuple(s.labels[name] for name in labels): s.value for s in family.samples}


def differences(url, ctl, socket):
    def ask(*words):
        out = subprocess.run([ctl, "--json", "--socket", socket, *words], check=True, timeout=20,
                             stdout=subprocess.PIPE).stdout
        return json.loads(out)

    metrics = families(fetch(url))
    info, tenants, ports = ask("info"), ask("tenants"), ask("ports")
    wanted = {
        "cgnat_fate_packets": ({(r["fate"],): r["packets"] for r in ask("--all", "fates")}, ["fate"]),
        "cgnat_tenant_fate_packets": ({(r["tenant"], r["fate"]): r["packets"]
                                       for r in ask("fates", "by_tenant=true")}, ["tenant", "fate"]),
        "cgnat_tenant_mappings": ({(r["tenant"], p): r[p] for r in tenants
                                   for p in ("tcp", "udp", "icmp")}, ["tenant", "protocol"]),
        "cgnat_tenant_forwarded_bytes": ({(r["tenant"], d): r[d + "_bytes"] for r in tenants
                                          for d in ("in2out", "out2in")}, ["tenant", "direction"]),
        "cgnat_tenant_requests": ({(r["tenant"], r["protocol"], r["opcode"], r["result"]): r["requests"]
                                   for r in ask("requests", "by_tenant=true")},
                                  ["tenant", "protocol", "opcode", "result"]),
        "cgnat_port_packets": ({(r["port"], d): r[k] for r in ports for d, k in
                                (("receive", "rx_packets"), ("transmit", "tx_packets"))},
                               ["port", "direction"]),
        "cgnat_received_packets": ({(): info["received"]}, []),
        "cgnat_explicit_mappings": ({(): info["explicit"]}, []),
        "cgnat_mappings_made": ({(): info["made"]}, []),
        "cgnat_mappings_limit": ({(): info["mappings_max"]}, []),
    }
    return [f"{name}: {values(metrics[name], *labels)} is not {want}"
            for name, (want, labels) in wanted.items() if values(metrics[name], *labels) != want]


def compare(url, ctl, socket):
    for _ in range(10):
        bad = differences(url, ctl, socket)
        if not bad:
            break
        time.sleep(0.5)  # an ARP message has come between
    return bad


def prometheus(base, what, **params):
    answer = json.loads(fetch(f"{base}/api/v1/{what}?{urllib.parse.urlencode(params)}"))
    if answer["status"] != "success":
        raise ValueError(answer)
    return answer["data"]


def query(base, expr):
    return [] if prometheus(base, "query", query=expr)["result"] else [f"no result of {expr}"]


def metadata(base):
    data = prometheus(base, "metadata")
    return [f"{name}: {data.get(name)}" for name, kind, unit in
            (("cgnat_mappings", "gauge", ""), ("cgnat_fate_packets", "counter", "packets"),
             ("cgnat_uptime_seconds", "gauge", "seconds"))
            if (data.get(name) or [{}])[0].get("type") != kind or data[name][0]["unit"] != unit]


# Without an alarm there is no sample of it; the query is that of any gauge.
ONLY_SOMETIMES = ("cgnat_alarm_active", "cgnat_radius_", "cgnat_log_")


def dashboard(base, path):
    with open(path, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    exprs = [t["expr"] for p in panels for t in p.get("targets", [])]
    bad, empty = [], []
    for expr in exprs:
        if any(name in expr for name in ONLY_SOMETIMES):
            continue
        plain = expr.replace("$instance", ".*").replace("$tenant", ".*")
        if not prometheus(base, "query", query=plain.replace("$__rate_interval", "10s"))["result"]:
            empty.append(expr)
    if len(exprs) < 60 or len(empty) > 0:
        bad.append(f"{len(exprs)} queries, without result: {empty}")
    return bad


def main():
    verb, *args = sys.argv[1:]
    bad = {"parse": parse, "compare": compare, "query": query, "metadata": metadata,
           "dashboard": dashboard}[verb](*args)
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
