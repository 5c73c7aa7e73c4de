#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Up and down leave no trace: namespaces, processes, mounts, interfaces and files are as before.
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"

[[ ! -d /run/cgnat-lab ]] || { not_ok "the lab is up; this test needs it down"; finish; }

# Files of its own go to a place where nobody else works at the same time.
mkdir "$WORK/tmp"
export TMPDIR=$WORK/tmp

world() {
	ip netns list
	ip -br link | awk '{print $1}' | sort
	awk '{print $2, $3}' /proc/mounts | sort
	find /run /dev/hugepages "$TMPDIR" -mindepth 1 -maxdepth 2 ! -path '/run/user/*' \
		! -path '/run/dpdk*' | sort
	find /run/dpdk -name 'cgn*'
	cat /proc/sys/vm/nr_hugepages
	pgrep --runstates D,R,S,T -fa 'cgnatd -c|cgn-vlan-tagger|tests/lab/|/run/cgnat-lab' | cut -d' ' -f2-
	git -C "$TOP" status --porcelain
} 2>/dev/null

check "down is harmless when nothing is up" "$LAB" down
world >"$WORK/before" || true
check "the lab comes up" env CGN_NO_BUILD=1 "$LAB" up
check "a second up says that it is up" bash -c "'$LAB' up 2>&1 | grep -q 'up already'"
("$LAB" exec a1 sleep 300 >/dev/null 2>&1 &)
check "the lab goes down, with a command still running in a host" "$LAB" down
check "down again is harmless" "$LAB" down
world >"$WORK/after" || true
check "everything is as before" diff "$WORK/before" "$WORK/after"
finish
