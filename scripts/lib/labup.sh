# SPDX-License-Identifier: BSD-3-Clause
# Putting the lab up and taking it down: the order of things and what is undone.
# Sourced by scripts/lab; needs common.sh, packages.sh, netlab.sh and labproc.sh.
# shellcheck shell=bash

PASS_S=20 # how long traffic may take to pass after the daemon is ready

lab_is_up() {
	[[ -d $RUN ]]
}

# Builds into $BUILD, quietly unless it fails; CGN_NO_BUILD=1 takes the programs as they are.
programs_build() {
	local log

	[[ -z ${CGN_NO_BUILD:-} ]] || return 0
	log=$(mktemp)
	if ! { [[ -e $BUILD/build.ninja ]] || meson setup "$BUILD" "$TOP"; } >"$log" 2>&1 ||
		! ninja -C "$BUILD" >>"$log" 2>&1; then
		tail -n 40 "$log"
		rm -f "$log"
		die "the project does not build"
	fi
	rm -f "$log"
}

run_dir_make() {
	mkdir -m 0755 "$RUN"
	[[ -d /run/netns ]] || : >"$RUN/netns-dir-is-ours"
}

# config_choose DIR [hugepages]: what the daemon is started with.
config_choose() {
	local dir

	dir=$(cd "$1" 2>/dev/null && pwd) || { say "no configuration directory $1"; return 1; }
	[[ -r $dir/cgnat.yaml ]] || { say "no cgnat.yaml in $dir"; return 1; }
	if [[ -n ${2:-} ]]; then
		cp -r "$dir" "$RUN/config"
		dir=$RUN/config
		/usr/bin/python3 "$TOP/scripts/lib/set-hugepages.py" "$dir/cgnat.yaml" || return 1
		hugepages_take "$dir/cgnat.yaml" || return 1
	fi
	printf '%s\n' "$dir" >"$RUN/config-dir"
}

# Reserves 2 MB pages for memory.size_mib and some more, remembering what was there before.
hugepages_take() {
	local knob=/proc/sys/vm/nr_hugepages size_mib before want

	size_mib=$(sed -n 's/.*\bsize_mib: *\([0-9]*\).*/\1/p' "$1" | head -n 1)
	before=$(<"$knob")
	want=$((before + ${size_mib:-1024} / 2 + 16))
	printf '%s\n' "$before" >"$RUN/hugepages-before"
	printf '%s\n' "$want" >"$knob"
	(($(<"$knob") >= want)) || {
		say "the kernel gave $(<"$knob") of $want hugepages of 2 MB"
		return 1
	}
}

hugepages_return() {
	[[ ! -e $RUN/hugepages-before ]] || cat "$RUN/hugepages-before" >/proc/sys/vm/nr_hugepages
}

passes() {
	ip netns exec "$1" ping -n -q -c 1 -W 1 192.0.2.1
}

traffic_passes() {
	local host

	for host in cgn-a1 cgn-a2 cgn-b1; do
		wait_for "$PASS_S" passes "$host" || {
			say "no traffic passes: $host cannot ping 192.0.2.1"
			return 1
		}
	done
}

# lab_up DIR [hugepages]. On failure nothing is left.
lab_up() {
	local ns

	for ns in "${LAB_NAMESPACES[@]}"; do
		! netns_exists "$ns" || die "namespace $ns exists already; scripts/lab down removes it"
	done
	packages_install build lab
	programs_build
	trap 'lab_up_undo' EXIT
	trap 'exit 130' INT TERM HUP
	run_dir_make
	config_choose "$@" || exit 1
	net_up
	tagger_start || exit 1
	servers_start || { say "a server of cgn-wan did not start"; exit 1; }
	daemon_start || exit 1
	traffic_passes || { log_tail cgnatd; exit 1; }
	trap - EXIT INT TERM HUP
	say "the lab is up: traffic passes from cgn-a1, cgn-a2 and cgn-b1 to cgn-wan"
}

lab_up_undo() {
	trap - EXIT INT TERM HUP
	say "lab up failed; removing what it made" >&2
	lab_remove
	exit 1
}

lab_remove() {
	procs_stop
	net_down
	hugepages_return
	if [[ -e $RUN/netns-dir-is-ours && -z $(ls -A /run/netns 2>/dev/null) ]]; then
		umount /run/netns 2>/dev/null || true
		rmdir /run/netns 2>/dev/null || true
	fi
	rm -rf "$RUN"
}
