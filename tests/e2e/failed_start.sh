#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A start that cannot work ends with status 1, says what is wrong and what to do, leaves nothing.
# e2e: takes 20 s
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"
. "$E2E/_daemon.sh"

# refuses NAME WHAT ADVICE: both are patterns that its output has to match.
refuses() {
	local rc=0

	traces >"$WORK/$1.before"
	timeout --kill-after=5 "$READY_S" ip netns exec cgt-box "$CGNATD" -c "$WORK/$1/cgnat.yaml" \
		>"$WORK/$1.log" 2>&1 </dev/null || rc=$?
	check "$1: ends with status 1" equal "$rc" 1
	check "$1: has no sanitizer report" is_sane "$1"
	check "$1: says what is wrong" says "$1" "$2"
	check "$1: says what to do" says "$1" "$3"
	traces >"$WORK/$1.after"
	check "$1: leaves nothing" diff "$WORK/$1.before" "$WORK/$1.after"
}

is_sane() {
	! grep -E -A5 'Sanitizer|runtime error:' "$WORK/$1.log"
}

says() {
	grep -qE -- "$2" "$WORK/$1.log" || { tail -n 8 "$WORK/$1.log"; return 1; }
}

# devices_refused NAME DEVICE: with a first port that is good, so that there is
# something to undo.
devices_refused() {
	config "$1" net_tap0,iface=cgt-tap0 "$2"
	refuses "$1" "cannot start: .*(port wan|DPDK's environment did not come up)" \
		'check|[Cc]ommon causes'
}

second_daemon() {
	config first net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1
	config second net_tap0,iface=cgt-tap2 net_tap1,iface=cgt-tap3
	sed -i 's/cgt-second/cgt-first/' "$WORK/second/cgnat.yaml"
	check "second: the first one comes up" start first
	refuses second 'another process uses file_prefix "cgt-first"' 'stop it or choose another'
	check "second: the first one does not notice" kill -0 "${DAEMON_PIDS[first]}"
	check "second: the first one stops as usual" stop first
}

change() {
	sed -i "$2" "$WORK/$1/cgnat.yaml"
}

world_make
ip -n cgt-box link add t-in type veth peer name t-peer
devices_refused interface net_af_packet0,iface=cgt-nosuch
check "interface: the message names the device" says interface cgt-nosuch
devices_refused driver net_nosuch0
check "driver: the message names the device" says driver net_nosuch0
devices_refused arguments net_af_packet0,iface=t-in,nosuch=1
devices_refused pci 0000:ff:1f.7
check "pci: the message names the address" says pci 0000:ff:1f.7
config memory net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1
change memory 's/size_mib: [0-9]*, mbufs: 8192/size_mib: 128, mbufs: 1048576/'
refuses memory 'cannot start: .*memory' 'memory.size_mib'
config table net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1
change table 's/mappings: 16384/mappings: 16777216/'
refuses table 'cannot start: .*memory' 'memory.size_mib|table.mappings'
config huge net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1 true
if (($(sed -n 's/^HugePages_Free: *//p' /proc/meminfo) * 2 < SIZE_MIB)); then
	refuses huge 'cannot start: ' 'hugepages'
else
	not_ok "huge: somebody keeps hugepages free on this machine; nothing was tested"
fi
config cpu net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1
change cpu 's/control: 1/control: 1000/'
refuses cpu 'cannot start: ' 'CPU'
check "cpu: the message names the CPU and is not buried" bash -c \
	"grep -q 'cannot start:.*1000' '$WORK/cpu.log' && test \$(wc -l <'$WORK/cpu.log') -lt 10"
mkdir "$WORK/missing"
refuses missing "missing/cgnat.yaml.*No such file" 'No such file'
mkdir -p "$WORK/folder/cgnat.yaml"
refuses folder "folder/cgnat.yaml.*(directory|regular file)" '.'
config tenant net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1
rm "$WORK/tenant/tenant.yaml"
refuses tenant "tenant.yaml" 'No such file'
second_daemon
finish
