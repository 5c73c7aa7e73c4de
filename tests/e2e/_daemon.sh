# SPDX-License-Identifier: BSD-3-Clause
# A daemon of the test's own, outside the lab: namespaces cgt-in, cgt-box, cgt-out and cgnatd in
# cgt-box. Sourced after _lib.sh, by tests that set E2E_NO_LAB. Everything is undone at the end.
# shellcheck shell=bash

BUILD=${CGN_BUILD:-$TOP/build}
CGNATD=$BUILD/app/cgnatd/cgnatd
READY_S=${CGN_READY_S:-30} # an instrumented build starts slowly
STOP_S=${CGN_STOP_S:-2}    # and stops slowly
SIZE_MIB=${CGN_SIZE_MIB:-256}
DPDK_RUN=/var/run/dpdk

t_in() { ip netns exec cgt-in "$@"; }
t_box() { ip netns exec cgt-box "$@"; }
t_out() { ip netns exec cgt-out "$@"; }

world_remove() {
	local ns pids

	for ns in cgt-in cgt-box cgt-out; do
		[[ -e /run/netns/$ns ]] || continue
		pids=$(ip netns pids "$ns" 2>/dev/null || true)
		# shellcheck disable=SC2086
		[[ -z $pids ]] || kill -KILL $pids 2>/dev/null || true
		ip netns delete "$ns"
	done
	rm -rf "$DPDK_RUN"/cgt-*
	rmdir "$DPDK_RUN" 2>/dev/null || true
}

world_make() {
	local ns

	world_remove
	for ns in cgt-in cgt-box cgt-out; do
		ip netns add "$ns"
		ip netns exec "$ns" sysctl -q -w net.ipv4.ip_forward=0
		ip netns exec "$ns" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
		ip -n "$ns" link set lo up
	done
}

# wire NS NAME ADDRESS: eth0 with ADDRESS in NS, its other end NAME in cgt-box, without offloads:
# a checksum that the kernel leaves open on a veth never becomes right behind af_packet.
wire() {
	ip -n cgt-box link add "$2" type veth peer name eth0 netns "$1"
	wire_end cgt-box "$2"
	wire_end "$1" eth0
	ip -n "$1" address add "$3" dev eth0
}

wire_end() {
	ip netns exec "$1" ethtool -K "$2" rx off tx off sg off tso off gso off gro off >/dev/null 2>&1
	ip -n "$1" link set "$2" up
}

# A subscriber in cgt-in behind t-in, and the Internet in cgt-out behind t-out.
hosts_make() {
	wire cgt-in t-in 100.64.0.10/16
	wire cgt-out t-out 198.51.100.1/24
	ip -n cgt-in route add default via 100.64.0.1
	ip -n cgt-out route add 203.0.113.16/28 via 198.51.100.2
	ip -n cgt-out route add 192.0.2.16/28 via 198.51.100.2
}

# config NAME INSIDE-DEVICE OUTSIDE-DEVICE [HUGEPAGES]: $WORK/NAME/cgnat.yaml and its tenant.
config() {
	mkdir -p "$WORK/$1"
	cat >"$WORK/$1/cgnat.yaml" <<END
cores: {workers: [0], control: 1, idle: sleep}
memory: {hugepages: ${4:-false}, size_mib: $SIZE_MIB, mbufs: 8192}
file_prefix: cgt-$1
ports:
  - {name: access, device: "$2", role: inside, promiscuous: true}
  - {name: wan, device: "$3", role: outside, promiscuous: true}
uplinks:
  - {port: wan, address: 198.51.100.2/24}
routes:
  - {prefix: 0.0.0.0/0, via: 198.51.100.1}
table: {mappings: 16384, subscribers: 131072}
tenants: [tenant.yaml]
END
	cat >"$WORK/$1/tenant.yaml" <<END
tenant: t
attachments:
  - port: access
    address: 100.64.0.1/16
    subscribers:
      - {prefix: 100.64.0.0/16}
    binding: access
pool: [203.0.113.16/28]
END
}

# Exactly the children that this test started, by number; NAME is that of the configuration.
declare -A DAEMON_PIDS=()

daemon_said() {
	grep -q -- "$2" "$WORK/$1.log"
}

daemon_ended() {
	[[ ! -e /proc/${DAEMON_PIDS[$1]}/exe ]]
}

ready_or_ended() {
	daemon_said "$1" ' ready ' || daemon_ended "$1"
}

# start NAME: false, with its log, when it does not become ready.
start() {
	ip netns exec cgt-box "$CGNATD" -c "$WORK/$1/cgnat.yaml" >"$WORK/$1.log" 2>&1 </dev/null &
	DAEMON_PIDS[$1]=$!
	wait_for "$READY_S" ready_or_ended "$1" || true
	daemon_said "$1" ' ready ' && return
	tail -n 12 "$WORK/$1.log"
	! daemon_ended "$1" || unset "DAEMON_PIDS[$1]"
	return 1
}

# stop NAME: true when SIGTERM ended it with status 0 in less than STOP_S seconds.
stop() {
	local pid=${DAEMON_PIDS[$1]} began=$EPOCHREALTIME ended rc=0

	kill -TERM "$pid"
	if ! wait_for 10 daemon_ended "$1"; then
		kill -KILL "$pid"
		echo "killed after 10 s"
	fi
	wait "$pid" || rc=$?
	ended=$EPOCHREALTIME
	unset "DAEMON_PIDS[$1]"
	STOP_MS=$(((${ended/./} - ${began/./}) / 1000))
	((rc == 0 && STOP_MS < STOP_S * 1000)) ||
		{ echo "status $rc after $STOP_MS ms"; tail -n 12 "$WORK/$1.log"; return 1; }
}

# What a daemon could leave behind.
traces() (
	set +e
	find "$DPDK_RUN" -name 'cgt-*'
	find /dev/hugepages "$WORK" -type s -o -name '*map_*'
	ip -n cgt-box -br link | awk '{print $1}' | sort
	ip -n cgt-box -d link show | grep -o 'prog/xdp.*'
	grep -E 'HugePages_(Total|Free)' /proc/meminfo
	ip netns pids cgt-box
) 2>/dev/null

# total NAME FATE: what the log of the stopped daemon says became of the packets.
total() {
	local n

	n=$(sed -n "s/^.* totals: fate=$2 packets=\([0-9]*\)$/\1/p" "$WORK/$1.log")
	echo "${n:-0}"
}

# Nothing was lost in the books of a daemon that has stopped.
law_holds() {
	sed -n 's/^.* totals: received=\([0-9]*\) fates=\([0-9]*\) held=0 .*$/\1 \2/p' \
		"$WORK/$1.log" | { read -r received fates && [[ $received = "$fates" ]]; } ||
		{ grep totals "$WORK/$1.log"; return 1; }
}

HUGE_KNOB=/proc/sys/vm/nr_hugepages
HUGE_BEFORE=

huge_reserve() {
	HUGE_BEFORE=${HUGE_BEFORE:-$(<"$HUGE_KNOB")}
	echo $((HUGE_BEFORE + $1)) >"$HUGE_KNOB"
	(($(<"$HUGE_KNOB") == HUGE_BEFORE + $1)) ||
		{ echo "the kernel gave $(<"$HUGE_KNOB") of $((HUGE_BEFORE + $1)) pages of 2 MB"; return 1; }
}

huge_restore() {
	[[ -z $HUGE_BEFORE ]] || echo "$HUGE_BEFORE" >"$HUGE_KNOB"
}

daemon_cleanup() {
	local pid

	for pid in "${DAEMON_PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	huge_restore
	world_remove
}

AT_END+=(daemon_cleanup)
