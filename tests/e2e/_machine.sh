# SPDX-License-Identifier: BSD-3-Clause
# A machine to install on, made of this one: nothing of what is done in it stays. In the network
# namespace cgt-box of _daemon.sh. Sourced after that; everything is undone at the end.
# shellcheck shell=bash

MACHINE_PID=   # its first process
MACHINE_CGROUP=
UNITS=/run/units # the only units that its systemd knows; links to installed ones belong there

cgroup2() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

# Why there can be no such machine here; empty: there can.
machine_obstacle() {
	local probe

	[[ -x /lib/systemd/systemd ]] || echo "systemd is not installed"
	probe=$(cgroup2)/cgn-e2e-probe-$BASHPID
	if mkdir "$probe" 2>/dev/null; then
		rmdir "$probe"
	else
		echo "no cgroup2 that takes a group"
	fi
	mkdir "$WORK/probe"
	# shellcheck disable=SC2016
	unshare --mount bash -c 'mount -t tmpfs tmpfs "$1" && mkdir "$1"/{r,u,w} &&
		mount -t overlay -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" overlay "$1/r" &&
		mount -t cgroup2 cgroup2 "$1/u"' - "$WORK/probe" 2>/dev/null || echo "no overlay over /"
	rmdir "$WORK/probe"
}

# False, with its log, when it does not come up.
machine_up() {
	local top unshared

	mkdir "$WORK/machine"
	top=$(cgroup2)
	MACHINE_CGROUP=$top/cgn-e2e-$BASHPID
	mkdir -p "$MACHINE_CGROUP" || return 1
	(
		echo "$BASHPID" >"$MACHINE_CGROUP/cgroup.procs"
		exec ip netns exec cgt-box unshare --mount --pid --cgroup --uts --fork --kill-child \
			--mount-proc "$E2E/_machine" "$WORK/machine" </dev/null >"$WORK/machine.log" 2>&1
	) &
	unshared=$!
	wait_for 30 machine_began "$unshared" || { cat "$WORK/machine.log"; return 1; }
}

machine_began() {
	MACHINE_PID=$(pgrep -P "$1") && m systemctl is-active --quiet multi-user.target
}

# m COMMAND...: in it.
m() {
	nsenter -t "$MACHINE_PID" --mount --pid --cgroup --uts --net --root --wdns=/ \
		env -i PATH="$PATH" LC_ALL=C.UTF-8 SYSTEMD_UNIT_PATH="$UNITS" "$@"
}

machine_down() {
	[[ -z $MACHINE_PID ]] || kill -KILL "$MACHINE_PID" 2>/dev/null
	MACHINE_PID=
	[[ -n $MACHINE_CGROUP ]] || return 0
	wait_for 5 machine_is_empty
	find "$MACHINE_CGROUP" -depth -type d -exec rmdir {} +
	MACHINE_CGROUP=
	umount "$WORK/machine" 2>/dev/null
	rmdir "$WORK/machine"
}

machine_is_empty() {
	[[ -z $(find "$MACHINE_CGROUP" -name cgroup.procs -exec cat {} +) ]]
}

AT_END=(machine_down "${AT_END[@]}")
