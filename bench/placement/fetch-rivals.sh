#!/usr/bin/env bash
# Brings hbal (Ganeti) and crushtool (Ceph) with the libraries that they need into a folder, as Debian
# packages that are unpacked and not installed. It needs no root and changes nothing on the system.
#
#   bench/placement/fetch-rivals.sh DIR
#   PLACEMENT_RIVALS=DIR go test ./bench/placement -run Rivals -v
set -euo pipefail

dir=${1:?"usage: $0 DIR"}
mkdir -p "$dir/packages" "$dir/root"
dir=$(cd "$dir" && pwd)
cd "$dir/packages"
mapfile -t names < <(apt-get install --simulate --no-install-recommends ganeti-htools ceph-base |
	awk '/^Inst (lib|ceph-base |ceph-common |ganeti-)/ {print $2}')
if [ "${#names[@]}" -gt 0 ]; then
	apt-get download "${names[@]}"
	for package in *.deb; do dpkg -x "$package" "$dir/root"; done
fi
echo "unpacked ${#names[@]} packages into $dir/root"
