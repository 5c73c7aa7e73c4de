# SPDX-License-Identifier: BSD-3-Clause
"""The whole daemon under a load that never ends: net_pcap with infinite_rx in, a net_pcap that drops out."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

SUBSCRIBERS, FLOWS_EACH = 1024, 8
PREFIX = "cgn-bench"
WORKER = "rte-worker-1"
READY_S = 30

APPLIANCE = """\
cores: {{workers: [0], control: 1, idle: poll}}
memory: {{hugepages: false, size_mib: 512, mbufs: 32768}}
file_prefix: {prefix}
ports:
  - {{name: access, device: "net_pcap0,rx_pcap={work}/in.pcap,infinite_rx=1", role: inside, promiscuous: true}}
  - {{name: wan, device: "net_pcap1,rx_pcap={work}/arp.pcap", role: outside, promiscuous: true}}
uplinks:
  - {{port: wan, address: 198.51.100.2/24}}
routes:
  - {{prefix: 0.0.0.0/0, via: 198.51.100.1}}
arp: {{refresh_s: 86400}}
punt: {{subscriber_per_s: 100000, subscriber_burst: 100000}}
table: {{mappings: 65536, subscribers: 65536}}
tenants: [tenant.yaml]
"""
TENANT = """\
tenant: bench
attachments:
  - port: access
    address: 100.64.0.1/16
    subscribers:
      - {prefix: 100.64.0.0/16}
pool: [203.0.113.0/27]
"""


def pcap_files(work, df):
    """The load, and the next hop's ARP request, from which the daemon learns where it is."""
    from scapy.all import ARP, Ether, IP, UDP, Raw, wrpcap
    device = "02:70:63:61:70:00" # that net_pcap gives itself
    wrpcap(f"{work}/in.pcap", [
        Ether(src="02:00:00:00:00:01", dst=device) /
        IP(src=f"100.64.{1 + s // 256}.{s % 256}", dst="192.0.2.1", flags="DF" if df else 0) /
        UDP(sport=1024 + f, dport=53) / Raw(bytes(18))
        for f in range(FLOWS_EACH) for s in range(SUBSCRIBERS)])
    wrpcap(f"{work}/arp.pcap", [Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff") /
                                ARP(op=1, hwsrc="02:00:00:00:00:02", psrc="198.51.100.1",
                                    pdst="198.51.100.2")])


def worker_ns(pid):
    """CPU time of the thread of the first worker so far."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as comm:
            if comm.read().strip() == WORKER:
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                    return int(stat.read().split()[0])
    sys.exit(f"bench: the daemon has no thread {WORKER}")


def state(build, pid):
    """(time, CPU time of the worker, fates)."""
    answer = subprocess.run([f"{build}/app/cgnatctl/cgnatctl", "-p", PREFIX, "--json", "fates"],
                            capture_output=True, text=True, check=True).stdout
    return (time.monotonic(), worker_ns(pid),
            {row["fate"]: row["packets"] for row in json.loads(answer)})


def window(build, pid, seconds):
    """(packets per second, ns of CPU per packet); ends if more than one in 1000 was not translated."""
    began, cpu_began, was = state(build, pid)
    time.sleep(seconds)
    ended, cpu_ended, now = state(build, pid)
    rise = {name: now[name] - was.get(name, 0) for name in now}
    if rise.get("in2out", 0) < max(1, 0.999 * sum(rise.values())):
        sys.exit(f"bench: packets were not translated: {rise}")
    return (round(rise["in2out"] / (ended - began)),
            round((cpu_ended - cpu_began) / rise["in2out"], 1))


def wait_until_ready(daemon, path):
    deadline = time.monotonic() + READY_S
    while True:
        with open(path, encoding="utf-8") as log:
            text = log.read()
        if " ready " in text:
            return
        if daemon.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"bench: cgnatd did not start:\n{text}")
        time.sleep(0.1)


def windows(build, quick, df):
    with tempfile.TemporaryDirectory() as work:
        for name, text in (("cgnat.yaml", APPLIANCE.format(work=work, prefix=PREFIX)),
                           ("tenant.yaml", TENANT)):
            with open(f"{work}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        pcap_files(work, df)
        with open(f"{work}/log", "w", encoding="utf-8") as log:
            daemon = subprocess.Popen([f"{build}/app/cgnatd/cgnatd", "-c", f"{work}/cgnat.yaml"],
                                      stdout=log, stderr=log)
        try:
            wait_until_ready(daemon, f"{work}/log")
            time.sleep(2) # until all flows have their mappings
            return [window(build, daemon.pid, 0.5 if quick else 2) for _ in range(3 if quick else 5)]
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(10)
