#!/bin/sh
# Makes a folder with PostgreSQL and TimescaleDB (Apache edition, as Debian 13 has it), for tests/servers/timescale.py.
# Debian or Ubuntu, as root; about half a minute and 700 MB. Usage: timescale_root.sh FOLDER
set -eu
folder=${1:?name the folder that is to be made}
if ls "$folder"/usr/lib/postgresql/*/lib/timescaledb.so >/dev/null 2>&1; then
    exit 0
fi
command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
mkdir -p "$(dirname "$folder")"
rm -rf "$folder.part"
debootstrap --variant=minbase --include=ca-certificates,postgresql-17,postgresql-17-timescaledb trixie "$folder.part" >&2
mv "$folder.part" "$folder"
