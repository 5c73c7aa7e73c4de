#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every verb of cgnatctl answers as its JSON schema says, and DPDK's own client of the telemetry socket
# lists the commands and gets answers.
# e2e: takes 20 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

# One tenant has computed ports, which can be asked for, and there is a local log.
LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
cp -r "$TOP/config/lab" "$WORK/config"
sed -i 's|prefix: 100.64.0.0/16|prefix: 100.64.0.0/24|' "$WORK/config/tenants/b.yaml"
printf 'ports: {deterministic: {algorithm: sequential}}\n' >>"$WORK/config/tenants/b.yaml"
mkdir "$WORK/store"
printf 'log:\n  store: {directory: %s}\n' "$WORK/store" >>"$WORK/config/cgnat.yaml"
AT_END+=(lab_config_restore)
check "the daemon starts with computed ports" start_anew "$WORK/config"
check "a1 reaches the Internet" wait_for 10 pings cgn-a1 192.0.2.1
SOCKET=$(compgen -G '/run/cgnat-lab/dpdk/*/dpdk_telemetry.v2')

dpdk() {
	printf '%s\n' "$@" | RUNTIME_DIRECTORY=/run/cgnat-lab dpdk-telemetry.py -f "$(basename "${SOCKET%/*}")"
}

# status REQUEST: of the answer, which stands under the command without its parameters.
status() {
	dpdk "$1" | /usr/bin/python3 -c "import json, sys
print(next(a['${1%%,*}']['status'] for a in map(json.loads, sys.stdin) if '${1%%,*}' in a))"
}

# Something for every list: a flow, a request that is granted and one that is refused.
in_a1 /usr/bin/python3 -c "import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(b'x', ('192.0.2.1', 7010))
s.sendto(struct.pack('!BBHHHI', 0, 1, 0, 4444, 0, 60), ('100.64.0.1', 5351))
s.recv(64)
s.sendto(struct.pack('!BBHHHI', 0, 1, 0, 0, 0, 60), ('100.64.0.1', 5351))
s.recv(64)"

/usr/bin/python3 "$E2E/_schema.py" "$LAB" || E2E_FAILED=1

check "dpdk-telemetry.py lists all commands" equal \
	"$(dpdk / | grep -o '"/cgnat/[a-z_/]*"' | sort -u | wc -l)" \
	"$("$LAB" ctl schema | grep -c '"title": "cgnatctl --json ')"
for path in /cgnat/info /cgnat/tenants /cgnat/busiest,tenant=a /cgnat/trace/subscriber,tenant=a,address=100.64.0.10; do
	check "and calls $path" equal "$(status "$path")" ok
done
finish
