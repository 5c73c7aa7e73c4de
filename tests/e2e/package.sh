#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The Debian package on a clean machine with a real systemd: it installs, starts nothing, its examples
# are good, its units are. Configured, the service is up when systemctl says so, reloads, comes back
# when a core hangs, with the port that was asked for; and leaves when it is removed.
# e2e: takes 70 s
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"
. "$E2E/_daemon.sh"
. "$E2E/_machine.sh"

obstacle=$(machine_obstacle)
if [[ -n $obstacle ]]; then
	ok "the package installs on a clean machine # skip ${obstacle//$'\n'/, }"
	finish
fi
# scripts/test has made it; by hand it is made now.
DEB=${CGN_DEB:-}
if [[ -z $DEB ]]; then
	"$TOP/scripts/package" --output "$WORK" >"$WORK/package.log" 2>&1 || cat "$WORK/package.log"
	DEB=$(echo "$WORK"/cgnatd_*.deb)
fi

UNIT=cgnatd.service
STRICT=$((READY_S + 30)) # for what a start, or a watchdog and a start, take

# What dpkg, ldconfig and the trigger of man-db keep for themselves is no trace; /etc/passwd and so on
# have the user.
layer() {
	m find /run/outside/upper -not -type d -not -path '*/var/lib/dpkg/*' -not -path '*/var/cache/*' \
		-not -path '*/var/log/*' -not -path '*/etc/ld.so.cache' -not -path '*/etc/*passwd*' \
		-not -path '*/etc/*group*' -not -path '*/etc/*shadow*' -not -path '*/etc/.pwd.lock' \
		-printf '%P\n' | sort
}

examples_are_good() {
	local file

	for file in minimal example carrier; do
		m cgnatd --check -c "/etc/cgnat/examples/$file.yaml" || return 1
	done
}

nothing_runs() {
	! m pgrep -x cgnatd && ! m pgrep -x cgnat-exporter &&
		! m find /etc/systemd/system -name 'cgnat*' | grep .
}

conffiles() {
	local n

	# shellcheck disable=SC2016 # dpkg's own
	n=$(m dpkg-query -W -f '${Conffiles}\n' cgnatd | grep -c ' /etc/cgnat/examples/')
	((n == 8)) || { echo "$n conffiles"; return 1; }
}

# For the one systemd here, whose targets are few. A test has not the patience of an operator.
link_units() {
	local name

	for name in cgnatd cgnat-exporter; do
		m ln -s "/usr/lib/systemd/system/$name.service" "$UNITS/"
		m mkdir "$UNITS/$name.service.d"
		m bash -c "printf '[Service]\nStandardError=append:/run/%s.log\n' $name >$UNITS/$name.service.d/log.conf"
	done
	m bash -c "printf '[Service]\nWatchdogSec=6s\n' >$UNITS/cgnatd.service.d/watchdog.conf"
	m systemctl daemon-reload
}

verify_is_silent() {
	local said

	said=$(m env -u SYSTEMD_UNIT_PATH systemd-analyze verify --man=no "/usr/lib/systemd/system/$1" 2>&1) ||
		{ echo "$said"; return 1; }
	! grep "$1" <<<"$said"
}

# exposure UNIT MOST: systemd's own judgement, from 0 (safe) to 10.
exposure() {
	local said

	said=$(m env -u SYSTEMD_UNIT_PATH systemd-analyze security --offline=true --no-pager \
		--threshold="$2" "/usr/lib/systemd/system/$1") || { grep ✗ <<<"$said"; return 1; }
	echo "# $(tail -n 1 <<<"$said" | sed 's/^[^A-Za-z]*//')" >&3
}

configure() {
	config s net_af_packet0,iface=t-in net_af_packet1,iface=t-out
	sed -i '/^file_prefix/d' "$WORK/s/cgnat.yaml"
	cat >>"$WORK/s/cgnat.yaml" <<-END
	state: {journal: /var/lib/cgnatd/state.journal}
	capture: {directory: /var/lib/cgnatd/captures}
	END
	m tee /etc/cgnat/cgnat.yaml <"$WORK/s/cgnat.yaml" >/dev/null
	m tee /etc/cgnat/tenant.yaml <"$WORK/s/tenant.yaml" >/dev/null
	m chgrp cgnatd /etc/cgnat/cgnat.yaml /etc/cgnat/tenant.yaml
	m chmod 640 /etc/cgnat/cgnat.yaml /etc/cgnat/tenant.yaml
}

property() { m systemctl show -p "$1" --value "$UNIT"; }
is() { equal "$(property "$1")" "$2"; }
status_says() { matches "$(property StatusText)" "$1"; }
start_service() { m systemctl start "$UNIT" || { m cat /run/cgnatd.log; return 1; }; }

# all_tasks FIELD VALUE: of /proc/PID/task/*/status.
all_tasks() {
	local said

	said=$(m bash -c "grep -h '^$1:' /proc/$(property MainPID)/task/*/status | sort -u")
	equal "$said" "$1:	$2"
}

natpmp() { t_in timeout 5 natpmpc -g 100.64.0.1 -a 4000 4000 udp 3600 | grep -c 'Mapped public port'; }
explicit() { m cgnatctl explicit | grep -oE '203\.0\.113\.[0-9]+:[0-9]+'; }
port_is_kept() { equal "$(explicit)" "$port"; }
restarts() { equal "$(property NRestarts)" "$1" && is ActiveState active && is SubState running; }

# hang NUMBER: of the worker or control as the thread is called; the NUMBERth restart follows.
hang() {
	local began=$EPOCHREALTIME ended

	m /usr/bin/python3 "$WORK/hang.py" "$(property MainPID)" "rte-worker-$1" >"$WORK/hang" 2>&1 &
	wait_for 5 grep -q hung "$WORK/hang" || { not_ok "thread $1 hangs"; cat "$WORK/hang"; return; }
	check "a loop hangs: systemd starts the service again" wait_for "$STRICT" restarts "$2"
	ended=$EPOCHREALTIME
	echo "# $(((${ended/./} - ${began/./}) / 1000)) ms from the hang to the service"
	check "packets pass again" wait_for 10 t_in ping -n -q -c 1 -W 1 198.51.100.1
}

reload_fails() { ! m systemctl reload "$UNIT"; }
exporter_answers() { m curl -sS --max-time 5 http://127.0.0.1:9469/metrics | grep -q '^cgnat_up 1$'; }
upgrade() {
	local pid

	pid=$(property MainPID)
	m dpkg -i "$WORK/p.deb" && is ActiveState active && is MainPID "$pid"
}

exec 3>&1
world_make
hosts_make
check "a clean machine comes up" machine_up
m mkdir -p "$WORK"
m tee "$WORK/p.deb" <"$DEB" >/dev/null
m tee "$WORK/hang.py" <"$E2E/_hang.py" >/dev/null
layer >"$WORK/before"
check "the package installs" m dpkg -i "$WORK/p.deb"
check "nothing of it is enabled or runs" nothing_runs
check "its configuration files are marked" conffiles
check "the shipped examples are good" examples_are_good
for page in cgnatd.8 cgnatctl.8 cgnat.yaml.5 cgnat-exporter.8; do
	check "manual page $page" m man -w "${page##*.}" "${page%.*}"
done
check "systemd finds nothing wrong with $UNIT" verify_is_silent "$UNIT"
check "nor with cgnat-exporter.service" verify_is_silent cgnat-exporter.service
check "$UNIT is exposed little" exposure "$UNIT" 25
check "cgnat-exporter.service is exposed less" exposure cgnat-exporter.service 15

link_units
check "not configured, it is not started" m systemctl start "$UNIT"
check "and that is no failure" is ActiveState inactive
configure
check "configured, it starts" start_service
check "and is up when systemctl returns" is ActiveState active
check "it has told its state" status_says '[0-9]+ of 16384 mappings'
check "it runs as a user of its own" equal "$(m ps -o user= -p "$(property MainPID)")" cgnatd
for field in CapEff CapPrm CapInh CapAmb; do
	check "every thread: $field is empty" all_tasks "$field" 0000000000000000
done
check "nor could any get more than the unit gives" all_tasks CapBnd 0000000000007000
check "every thread: no new privileges" all_tasks NoNewPrivs 1
check "every thread: system calls are filtered" all_tasks Seccomp 2
check "packets pass" wait_for 10 t_in ping -n -q -c 1 -W 1 198.51.100.1
check "a subscriber gets a port" equal "$(natpmp)" 1
port=$(explicit) || true
check "cgnatctl finds it without being told where" matches "$port" '^203\.0\.113\.'
check "a capture is started" m cgnatctl capture start tenant=t
check "and stopped" m cgnatctl capture stop 1

m sed -i 's/^pool:.*/pool: [203.0.113.16\/28, 203.0.113.64\/30]/' /etc/cgnat/tenant.yaml
check "systemctl reload applies what is different" m systemctl reload "$UNIT"
check "and it is in force when it returns" status_says 'last reload applied .*, 1 live, 0 drain'
m sed -i 's/^pool:.*/pool: [nonsense]/' /etc/cgnat/tenant.yaml
check "systemctl reload of a bad configuration fails" reload_fails
check "and goes on" is SubState running
m sed -i 's/^pool:.*/pool: [203.0.113.16\/28]/' /etc/cgnat/tenant.yaml

hang 1 1
hang 2 2
check "the port that was asked for is the same" wait_for 10 port_is_kept

check "the exporter starts" m systemctl start cgnat-exporter.service
check "and answers with the daemon's numbers" wait_for 10 exporter_answers
check "an upgrade leaves the daemon alone" upgrade
check "systemctl stop stops it in order" m systemctl stop "$UNIT"
check "with success" is Result success
check "it starts again" start_service
check "the package is removed" m dpkg -r cgnatd
check "with its processes" nothing_runs
check "its configuration stays" m test -e /etc/cgnat/cgnat.yaml -a -e /var/lib/cgnatd/state.journal
m rm -r /etc/cgnat/cgnat.yaml /etc/cgnat/tenant.yaml
check "purged, too" m dpkg -P cgnatd
layer >"$WORK/after"
check "nothing of it is left" diff "$WORK/before" "$WORK/after"
finish
