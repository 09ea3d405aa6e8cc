#!/usr/bin/env bash
# The packages on a Debian of their own: on_debian.sh PACKAGES FOLDER [BASE]
#
# Makes a minimal Debian in FOLDER (or copies BASE, one that debootstrap --variant=minbase made before), installs the packages with apt, boots it with its systemd in a container, and types what docs/operations.md
# says. Needs root, a package mirror, systemd-nspawn and debootstrap; ends with 77 and the reason where one is missing.
set -euo pipefail
packages=$(realpath "$1")
root=$2/debian
leader=

skip() { echo "skipped: $1"; exit 77; }
fail() { echo "failed: $1"; exit 1; }
# Words of a shell line, run in the container by its root.
inside() { nsenter --target "$leader" --all -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb bash -euo pipefail -c "$1"; }
# check WORDS LINE: the line must succeed inside.
check() { inside "$2" >"$root.out" 2>&1 || { cat "$root.out"; journal; fail "$1"; }; echo "ok: $1"; }
journal() { inside 'journalctl --no-pager --quiet -u "consilium-*" | tail -n 40' || true; }
# within SECONDS LINE: until it succeeds inside.
within() {
  local end=$((SECONDS + $1))
  until inside "$2" >/dev/null 2>&1; do [ "$SECONDS" -lt "$end" ] || { journal; fail "not within $1 s: $2"; }; sleep 0.3; done
}
finish() { [ -z "$leader" ] || kill -s SIGRTMIN+4 "$leader" 2>/dev/null || true; wait 2>/dev/null || true; }  # systemd: power off
trap finish EXIT

[ "$(id -u)" -eq 0 ] || skip "needs root for debootstrap and systemd-nspawn"
for program in debootstrap systemd-nspawn nsenter; do command -v "$program" >/dev/null || skip "$program is not installed"; done
. /etc/os-release
mkdir -p "$2"
if [ -n "${3:-}" ]; then cp -a "$3" "$root"
else debootstrap --variant=minbase "$VERSION_CODENAME" "$root" http://deb.debian.org/debian >"$root.log" 2>&1 || skip "no Debian could be made: $(tail -n 1 "$root.log")"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
mkdir "$root/packages"
cp "$packages"/*.deb "$root/packages/"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
kilobytes() { chroot "$root" dpkg-query -W -f '${Installed-Size}\n' | awk '{sum += $1} END {print sum}'; }
chroot "$root" apt-get update >"$root.log" 2>&1 || skip "no package mirror: $(tail -n 1 "$root.log")"
apt_install() { chroot "$root" sh -c "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $1" >"$root.log" 2>&1 || { cat "$root.log"; fail "cannot be installed: $1"; }; }
apt_install "ca-certificates systemd systemd-sysv dbus sqlite3"
before=$(kilobytes)
apt_install "/packages/consilium-coordinator_*.deb"
echo "size: coordinator and what it needs $(($(kilobytes) - before)) kB"
apt_install "/packages/consilium_*.deb"
echo "size: everything and what it needs $(($(kilobytes) - before)) kB"
rm "$root/usr/sbin/policy-rc.d"

# Cgroups as this machine has them; a network of its own, without a way out.
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && unified=1 || unified=0
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=$unified systemd-nspawn --register=no --keep-unit --private-network --machine=consilium-test --boot -D "$root" >"$root.boot" 2>&1 </dev/null &
nspawn=$!
for _ in $(seq 200); do
  sleep 0.3
  leader=$(pgrep -P "$nspawn" | head -n 1) && [ -n "$leader" ] && inside 'systemctl is-system-running' 2>/dev/null | grep -qE 'running|degraded' && break
  kill -0 "$nspawn" 2>/dev/null || { leader=; skip "systemd does not start in a container here: $(tail -n 1 "$root.boot")"; }
done

check "users and folders are there, closed to others" '
  [ "$(stat -c "%U %a" /var/lib/consilium-coordinator)" = "consilium-coordinator 700" ]
  [ "$(stat -c "%U %a" /var/lib/consilium-site)" = "consilium-site 700" ]'

check "an untrained model and generated cases" '
  echo "127.0.0.1 fl.example.org localhost" >/etc/hosts
  examples=/usr/share/doc/consilium/examples
  consilium phantom --profiles $examples/profiles -o /srv/tumour --cases 3 --held-out 0 --scale 1.5 --seed 1 --quiet
  sed -e "s/\"steps\": 20000/\"steps\": 12/; s/\"rounds\": 100/\"rounds\": 6/; s/\[1, 1, 1\]/[6, 6, 6]/; s/\[96, 96, 96\]/[16, 16, 16]/; s/\[32, 64, 128, 256\]/[4, 8, 16]/; s/\"validation_cases\": 5/\"validation_cases\": 1/" $examples/training.json >/root/training.json
  consilium train /root/training.json --initial -o /root/start --quiet'

check "settings as in the guide" '
  state=/var/lib/consilium-coordinator/tumour
  install -d /etc/consilium/tumour
  cp /usr/share/doc/consilium-coordinator/examples/coordinator.json /etc/consilium/tumour/
  install -d -o consilium-coordinator -m 0700 $state
  install -o consilium-coordinator -m 0600 /root/start/initial.safetensors $state/'
check "keys init" 'runuser -u consilium-coordinator -- consilium keys init /var/lib/consilium-coordinator/tumour/keys --federation tumour --address fl.example.org:7443 --invite site_a site_b site_c'
# Three hospitals on one machine: a folder of settings and an instance for each.
check "invitations handed over" '
  for site in site_a site_b site_c; do
    state=/var/lib/consilium-site/$site
    install -d /etc/consilium/$site
    install -d -o consilium-site -m 0700 $state
    install -o consilium-site -m 0600 /var/lib/consilium-coordinator/tumour/keys/invitations/$site.invitation.json $state/
    sed "s#consilium-site/tumour/#consilium-site/$site/#; s#/srv/tumour#/srv/tumour/$site#; s#site_a.invitation#$site.invitation#" /usr/share/doc/consilium/examples/site.json >/etc/consilium/$site/site.json
  done'
check "the coordinator's unit starts" 'systemctl start consilium-coordinator@tumour'
for site in site_a site_b site_c; do check "$site starts" "systemctl start consilium-site@$site"; done

rounds='sqlite3 -readonly /var/lib/consilium-coordinator/tumour/run/run.sqlite "select count(*) from rounds"'
within 300 "[ \$($rounds) -ge 1 ]"
echo "ok: a round with three sites was closed"
check "processes are confined" '
  for unit in consilium-coordinator@tumour consilium-site@site_a; do
    status=/proc/$(systemctl show -P MainPID $unit)/status
    grep -q "^NoNewPrivs:.1" $status && grep -q "^Seccomp:.2" $status && grep -q "^CapEff:.0000000000000000" $status
  done'

check "a coordinator that is killed is started again" '
  kill -9 $(systemctl show -P MainPID consilium-coordinator@tumour)'
within 30 '[ "$(systemctl show -P NRestarts consilium-coordinator@tumour)" = 1 ] && systemctl is-active --quiet consilium-coordinator@tumour'

within 300 "[ \$($rounds) -ge 2 ]"
check "a copy of the history while it runs" '
  sqlite3 /var/lib/consilium-coordinator/tumour/run/run.sqlite ".backup /root/history.sqlite"
  [ "$(sqlite3 /root/history.sqlite "pragma integrity_check")" = ok ]'
check "stopped, it is no failure; backed up, lost and restored, it goes on" '
  systemctl stop consilium-coordinator@tumour
  [ "$(systemctl is-active consilium-coordinator@tumour)" = inactive ]
  tar -C / -czf /root/backup.tar.gz etc/consilium var/lib/consilium-coordinator
  rm -r /var/lib/consilium-coordinator/tumour
  tar -C / -xzpf /root/backup.tar.gz
  systemctl start consilium-coordinator@tumour'
within 600 'for site in site_a site_b site_c; do [ -e /var/lib/consilium-site/$site/run/finished ]; done; [ "$(systemctl is-active consilium-coordinator@tumour)" = inactive ]'
check "the federation ended, with one model everywhere" '
  [ "$(systemctl show -P Result consilium-coordinator@tumour)" = success ]
  [ "$(sha256sum /var/lib/consilium-coordinator/tumour/run/model.safetensors /var/lib/consilium-site/*/run/model.safetensors | cut -d" " -f1 | sort -u | wc -l)" = 1 ]'

check "settings that are wrong are said once, not every ten seconds" '
  install -d /etc/consilium/wrong
  sed "s/\"listen\"/\"lisen\"/" /etc/consilium/tumour/coordinator.json >/etc/consilium/wrong/coordinator.json
  systemctl start consilium-coordinator@wrong
  sleep 12
  [ "$(systemctl show -P ExecMainStatus consilium-coordinator@wrong)" = 2 ]
  [ "$(systemctl show -P NRestarts consilium-coordinator@wrong)" = 0 ]
  [ "$(systemctl is-active consilium-coordinator@wrong)" = failed ]
  journalctl --no-pager -u consilium-coordinator@wrong | grep "did you mean \"listen\""'

check "uninstalled, keys and models stay" '
  apt-get purge -y consilium consilium-coordinator
  ! command -v consilium
  [ -e /var/lib/consilium-coordinator/tumour/keys/ca.key ] && [ -e /var/lib/consilium-site/site_a/run/model.safetensors ]'
