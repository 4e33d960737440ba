#!/bin/sh
# Installs the plate reader from the bundle that this script lies in, or from one that is named. Needs root, python3 and,
# for signatures, ssh-keygen (openssh-client). No internet.
#
#   install.sh install [BUNDLE] --signers FILE   a new version beside the others; the first becomes the current one
#   install.sh upgrade [BUNDLE]                  the same, then current if healthy; goes back by itself if not, or if
#                                                doctor finds a fault that was not there before
#   install.sh camera NAME                       settings, folder for secrets, sandbox and services of one camera
#   install.sh rollback                          the version before
#   install.sh remove --yes                      everything, settings, secrets and unsent sightings included
#
#   BUNDLE         a bundle's folder or .tar.gz; default: where this script lies
#   --signers F    who may sign (ssh's allowed_signers); remembered in /etc/plate-reader. --unsigned: do not ask
#   --root DIR     everything below DIR, no users and no services: for images and tests
#
# Every version has a folder of its own, which counts only when its `complete` is there. The one change that takes effect
# is one rename of the link `current`; so a power cut at any moment leaves the old version or the new one, and the same
# command again finishes. Settings (config/) and outboxes (/var/lib/plate-reader) belong to no version.
set -eu
umask 022   # services, and what serves aim's page, are not root and must read the program

say() { printf '%s\n' "plate-reader: $*"; }
die() { printf '%s\n' "plate-reader: $*" >&2; exit "${code:-1}"; }
flush() { [ -n "$root" ] || sync; }   # on the disk before it counts
# For the tests: where the power goes.
at() { if [ "${PLATE_READER_POWER_CUT_AT:-}" = "$1" ]; then kill -9 $$; fi; }

verb=${1:-}; [ $# -gt 0 ] && shift
bundle=$(dirname "$(readlink -f "$0")"); root=; signers=; unsigned=; yes=; name=
while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$(mkdir -p "$2" && cd "$2" && pwd); shift ;;
    --signers) signers=$2; shift ;;
    --unsigned) unsigned=1 ;;
    --yes) yes=1 ;;
    -*) code=2 die "there is no option $1; the script's head tells which there are" ;;
    *) name=$1 ;;
  esac
  shift
done
opt=$root/opt/plate-reader; etc=$root/etc/plate-reader; units=$root/etc/systemd/system; state=$root/var/lib
[ -n "$root" ] || [ "$(id -u)" = 0 ] || code=2 die "needs root: sudo $0 $verb"

systemd() { if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl "$@"; fi; }

# --- the bundle -------------------------------------------------------------------------------------------------------

unpack() {
  case ${name:-} in
    '') ;;
    *.tar.gz)
      [ -f "$name" ] || die "$name: no such file"
      unpacked=$(mktemp -d); trap 'rm -rf "$unpacked"' EXIT
      tar -xzf "$name" -C "$unpacked" --no-same-owner || die "$name is cut off or no bundle"
      bundle=$(echo "$unpacked"/*) ;;
    *) bundle=$(cd "$name" && pwd) ;;
  esac
  [ -f "$bundle/SHA256SUMS" ] || die "$bundle is no bundle: no SHA256SUMS in it"
}

verify() {
  signed_by=${signers:-$etc/allowed_signers}
  if [ -z "$unsigned" ]; then
    [ -f "$signed_by" ] || code=2 die "who may sign is not known: give --signers FILE (or --unsigned, knowing what that means)"
    command -v ssh-keygen >/dev/null || die "ssh-keygen is missing: apt-get install openssh-client"
    [ -f "$bundle/SHA256SUMS.sig" ] || die "the bundle is not signed; nothing was changed"
    who=$(ssh-keygen -Y find-principals -s "$bundle/SHA256SUMS.sig" -f "$signed_by" 2>/dev/null | head -n 1) || who=
    [ -n "$who" ] && ssh-keygen -q -Y verify -f "$signed_by" -I "$who" -n plate-reader -s "$bundle/SHA256SUMS.sig" \
      <"$bundle/SHA256SUMS" >/dev/null 2>&1 || die "the bundle's signature is of nobody who may sign; nothing was changed"
  fi
  (cd "$bundle" && sha256sum --quiet --strict -c SHA256SUMS >/dev/null 2>&1) ||
    die "the bundle was altered or is incomplete; nothing was changed: $(cd "$bundle" && sha256sum -c SHA256SUMS 2>/dev/null | grep -v ': OK$' | head -n 3 | tr '\n' ' ')"
  listed=$(wc -l <"$bundle/SHA256SUMS")
  found=$(find "$bundle" -type f ! -name 'SHA256SUMS*' | wc -l)
  [ -z "$(find "$bundle" -type l)" ] && [ "$listed" = "$found" ] || die "the bundle has files that nobody signed; nothing was changed"
  version=$(sed -n 's/^version=//p' "$bundle/bundle"); arch=$(sed -n 's/^arch=//p' "$bundle/bundle")
  wants=$(sed -n 's/^python=//p' "$bundle/bundle")
  case $(uname -m) in x86_64) here=amd64 ;; aarch64) here=arm64 ;; *) here=$(uname -m) ;; esac
  [ "$arch" = "$here" ] || die "this bundle is for $arch, this machine is $here: take plate-reader-$version-$here-…"
  python=
  for try in "python$wants" python3 ${PLATE_READER_PYTHON:-}; do
    [ "$("$try" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$wants" ] && python=$try && break
  done
  [ -n "$python" ] || die "this bundle is for Python $wants, this machine has $(python3 -V 2>/dev/null || echo none): take …-py$(python3 -c 'import sys; print("%d%d" % sys.version_info[:2])' 2>/dev/null)"
}

# --- a version --------------------------------------------------------------------------------------------------------

put() {
  target=$opt/$version
  if [ -f "$target/complete" ]; then say "$version is there already"; return; fi
  say "unpacking $version"
  rm -rf "$target"; mkdir -p "$target"   # whatever an interrupted try left is worth nothing
  at unpacking
  cp -R "$bundle/product/." "$target/"
  cp "$bundle/install.sh" "$bundle/sbom.json" "$bundle/bundle" "$target/"
  "$python" -m venv --without-pip "$target/.venv"
  at environment
  pip=$(echo "$bundle"/wheels/pip-*.whl)
  (cd "$bundle" && "$target/.venv/bin/python" "$pip/pip" --disable-pip-version-check --no-cache-dir install --quiet \
    --no-index --no-deps --require-hashes --no-compile -r requirements.txt 2>&1) >"$target/pip.log" ||
    die "the wheels do not fit: $(tail -n 3 "$target/pip.log")"
  "$target/.venv/bin/python" -m compileall -q "$target/.venv/lib" >/dev/null 2>&1 || true  # services cannot write there
  rm -f "$target/pip.log"
  for part in models sample_frames; do   # the program looks for them beside its package, as in a checkout
    for packages in "$target"/.venv/lib/python*/site-packages; do ln -s "../../../../$part" "$packages/$part"; done
  done
  at installed
  chmod -R go-w "$target"; flush
  : >"$target/complete"; flush
  at complete
}

link() {  # link NAME TARGET: one rename, so that it is there always
  rm -f "$opt/.$1.new"; ln -s "$2" "$opt/.$1.new"; mv -fT "$opt/.$1.new" "$opt/$1"
}

switch() {
  before=$(readlink "$opt/current" 2>/dev/null || true)
  if [ -n "$before" ] && [ "$before" != "$1" ]; then link previous "$before"; fi
  at switching
  link current "$1"; flush
  at switched
  lay_out
}

lay_out() {  # what lies outside the version's folder, from whichever is current; the same again is no harm
  for part in .venv models docs sample_frames systemd; do link "$part" "current/$part"; done
  mkdir -p "$opt/config" "$etc" "$units"; chmod 755 "$opt" "$etc"
  for unit in "$opt"/systemd/plate-reader@.service "$opt"/systemd/plate-link@.*; do
    cp "$unit" "$units/.new"; mv -f "$units/.new" "$units/$(basename "$unit")"
  done
  at units
  [ -n "$root" ] || getent group plate-reader >/dev/null || groupadd --system plate-reader
  if [ -n "$signers" ]; then cp "$signers" "$etc/.new"; mv -f "$etc/.new" "$etc/allowed_signers"; fi
  systemd daemon-reload
}

# --- health -----------------------------------------------------------------------------------------------------------

cameras() { for file in "$opt"/config/*.yaml; do [ -f "$file" ] && [ "$(basename "$file")" != policy.yaml ] && basename "$file" .yaml; done; true; }

healthy() {  # healthy VERSION: its settings hold for it, and it reads a plate of the recorded scene
  program=$opt/$1/.venv/bin/plate-reader
  for camera in $(cameras); do
    # secrets are credentials of the services; `check` here judges everything else
    "$program" check --config "$opt/config/$camera.yaml" >/dev/null 2>"$opt/.why" || return 1
  done
  "$program" read "$opt/$1/sample_frames" --json >"$opt/.read" 2>"$opt/.why" || return 1
  grep -q '"text"' "$opt/.read" || { echo "it reads no plate of the recorded scene" >"$opt/.why"; return 1; }
}

running() {  # after a restart: the services that were on are on again, and stay
  for camera in $(cameras); do
    systemd is-enabled --quiet "plate-reader@$camera" 2>/dev/null || continue
    systemd restart "plate-link@$camera.socket" "plate-reader@$camera" || return 1
    sleep 5
    systemd is-active --quiet "plate-reader@$camera" || return 1
  done
}

# `doctor` is asked before and after: a camera that was away before is no reason to go back, a fault that is new is one.

faults() {  # faults VERSION: "camera finding" a line, for everything that fails now
  for camera in $(cameras); do
    "$opt/$1/.venv/bin/plate-reader" doctor --config "$opt/config/$camera.yaml" --json --look-s 5 2>/dev/null |
      "$python" -c '
import json, sys
try:
    found = [one["name"] for one in json.load(sys.stdin)["findings"] if one["state"] == "fail"]
except (ValueError, KeyError, TypeError):
    found = ["doctor"]  # an old version that has none, or one that does not start: that fails, too
print("\n".join(f"{sys.argv[1]} {name}" for name in found))' "$camera"
  done | sed '/^$/d' | sort
}

new_faults() {  # new_faults VERSION: those that $opt/.faults does not have; a camera may need a moment to come back
  for again in 1 2 3; do
    faults "$1" | comm -13 "$opt/.faults" - >"$opt/.faults.new"
    [ -s "$opt/.faults.new" ] || break
    [ $again = 3 ] || sleep "${PLATE_READER_SETTLE_S:-20}"
  done
  tr '\n' ';' <"$opt/.faults.new" | sed 's/;$//; s/;/, /g'
}

# --- verbs ------------------------------------------------------------------------------------------------------------

upgrade() {
  unpack; verify; mkdir -p "$opt"; put
  healthy "$version" || die "$version is not healthy here and was not taken up: $(tail -n 2 "$opt/.why"); $(readlink "$opt/current" 2>/dev/null || echo nothing) goes on"
  at healthy
  old=$(readlink "$opt/current" 2>/dev/null || true)
  [ -z "$old" ] || [ "$old" = "$version" ] || faults "$old" >"$opt/.faults"
  switch "$version"
  if ! running; then
    [ -n "$old" ] && [ "$old" != "$version" ] || die "$version does not run: journalctl -u 'plate-*'"
    switch "$old"; running || true
    die "$version did not run, $old goes on: journalctl -u 'plate-*'"
  fi
  if [ -f "$opt/.faults" ] && fresh=$(new_faults "$version") && [ -n "$fresh" ]; then
    switch "$old"; running || true
    rm -f "$opt/.faults" "$opt/.faults.new"
    die "$version has faults that $old does not have ($fresh); $old goes on. See: plate-reader doctor"
  fi
  rm -f "$opt/.why" "$opt/.read" "$opt/.faults" "$opt/.faults.new"
  keep="$version $(readlink "$opt/previous" 2>/dev/null || true)"   # two versions; older ones make room
  for folder in "$opt"/*/; do
    folder=$(basename "$folder")
    [ -L "$opt/$folder" ] || [ ! -d "$opt/$folder/.venv" ] || case " $keep " in *" $folder "*) ;; *) rm -rf "${opt:?}/$folder" ;; esac
  done
  say "$version is current; next: $opt/current/install.sh camera NAME"
}

rollback() {
  before=$(readlink "$opt/previous" 2>/dev/null) || die "there is no version before this one"
  [ -f "$opt/$before/complete" ] || die "$before is not whole any more"
  switch "$before"
  running || die "$before does not run either: journalctl -u 'plate-*'"
  say "$before is current"
}

camera() {
  case $name in '' | *[!a-z0-9_-]*) code=2 die "a camera's name has small letters, digits, - and _: install.sh camera north" ;; esac
  [ -L "$opt/current" ] || die "install first"
  file=$opt/config/$name.yaml
  mkdir -p "$etc/$name"; chmod 700 "$etc/$name"
  if [ ! -f "$file" ]; then
    sed "s/^camera: north /camera: $name /; s|/etc/plate-reader/north|/etc/plate-reader/$name|" "$opt/current/config/north.yaml" >"$file.new"
    mv -f "$file.new" "$file"
    say "$file begins as a copy of the example: say there where the camera and the broker are, put secrets into $etc/$name, then the same command again; nothing was started"
    return
  fi
  "$opt/.venv/bin/python" - "$file" >"$etc/.addresses" <<'PYTHON' || die "$file cannot be used: $opt/.venv/bin/plate-reader check --config $file"
import sys
from pathlib import Path
from urllib.parse import urlsplit
from edge.settings.camera_rules import load_camera
settings = load_camera(Path(sys.argv[1]))
print("reader", urlsplit(settings.source.address).hostname if settings.source.kind == "rtsp" else "none")
print("link", settings.broker.host.strip("[]"))
PYTHON
  while read -r half host; do
    folder=$units/plate-$half@$name.service.d; mkdir -p "$folder"
    { echo "# Written by install.sh from $file: whom this process may reach."; echo "[Service]"; reach "$host"; } >"$folder/.new"
    mv -f "$folder/.new" "$folder/network.conf"
  done <"$etc/.addresses"
  rm -f "$etc/.addresses"
  systemd daemon-reload
  systemd enable "plate-link@$name.socket" "plate-reader@$name"
  systemd restart "plate-link@$name.socket" "plate-reader@$name"
  say "camera $name: secrets go into $etc/$name (docs/camera.md); $opt/.venv/bin/plate-reader check --config $file"
}

reach() {  # the drop-in's lines for one host
  case $1 in
    none) ;;
    localhost) echo "IPAddressAllow=localhost" ;;
    *[!0-9.]*)
      case $1 in *:*) echo "IPAddressAllow=$1"; return ;; esac
      found=$(getent ahosts "$1" 2>/dev/null | awk '{print $1}' | sort -u | tr '\n' ' ')
      [ -n "$found" ] || say "$1 is not known here now: write its address into the drop-in by hand" >&2
      # a name is asked for at each connection: its servers, and the addresses that it has now
      echo "IPAddressAllow=localhost $found$(awk '/^nameserver/ {printf "%s ", $2}' /etc/resolv.conf 2>/dev/null)" ;;
    *) echo "IPAddressAllow=$1" ;;
  esac
}

remove() {
  [ -n "$yes" ] || code=2 die "this deletes settings, secrets and unsent sightings: say --yes"
  for camera in $(cameras); do
    systemd disable --now "plate-reader@$camera" "plate-link@$camera.socket" || true
    systemd stop "plate-link@$camera" || true
    rm -rf "$units/plate-reader@$camera.service.d" "$units/plate-link@$camera.service.d"
  done
  rm -f "$units"/plate-reader@.service "$units"/plate-link@.service "$units"/plate-link@.socket
  systemd daemon-reload
  rm -rf "$etc" "$state/plate-reader" "$state/private/plate-reader" "$opt" \
    "$root/run/plate-link" "$root/run/plate-reader" "$root/run/private/plate-reader"
  [ -n "$root" ] || ! getent group plate-reader >/dev/null || groupdel plate-reader
  say "removed; nothing is left"
}

case $verb in
  install | upgrade) upgrade ;;
  rollback) rollback ;;
  camera) camera ;;
  remove) remove ;;
  *) sed -n '2,/^set /p' "$0" | sed -n 's/^# \{0,1\}//p' >&2; exit 2 ;;
esac
