#!/usr/bin/env bash
# Install Weiyu on Debian 12, or bring an installation to the state of this checkout. As root:
#
#     WEIYU_PUBLIC_URL=https://desk.example.com deploy/install.sh
#
# Further WEIYU_... variables that are set go into the settings when those are first written.
# Whatever is there already is kept, so it may run again at any time. Each step may be run by
# itself, as the Dockerfile and compose.yaml do: `deploy/install.sh packages user program`.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."

root=$PWD
settings=/etc/weiyu
data=/var/lib/weiyu
units=/etc/systemd/system
# Without a password: the role is named like the system's user, whom PostgreSQL knows by the socket.
own_database='postgres://%2Fvar%2Frun%2Fpostgresql/weiyu'
own_redis=redis://localhost:6379/0
# What systemd and a shell read alike, so that a line of settings means one thing.
plain='^[][A-Za-z0-9_./:@%,+=?-]*$'

on_debian=(packages user program configure services prepare units next)

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

install_packages() {
    local package missing=()
    for package; do
        dpkg --status "$package" 2>/dev/null | grep -q '^Status: .* installed$' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    # A mirror that does not answer is only a warning here; a package that is missing is not.
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends \
        -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null
}

packages() {
    install_packages python3 python3-venv ca-certificates
}

# Owns the data, and may read, not write, the program and its settings.
user() {
    getent group weiyu >/dev/null || groupadd --system ${uid:+--gid "$uid"} weiyu
    getent passwd weiyu >/dev/null ||
        useradd --system ${uid:+--uid "$uid"} --gid weiyu \
            --home-dir "$data" --shell /usr/sbin/nologin weiyu
    install -d -m 0750 -o weiyu -g weiyu "$data"
    install -d -m 0700 -o weiyu -g weiyu "$data/uploads"
}

program() {
    # Commands in it name the folder, which must be the one that they run in later.
    python3 -m weiyu_site.launch.bootstrap
    # Weiyu's user may not write here, so each start would compile everything anew.
    .venv/bin/python -m compileall -q -x '/(\.venv|data|tests|benchmarks)/' .
}

# What an image is made of; everything else depends on where it runs.
image() {
    packages
    # The same in each image: volumes outlive them and know their owner by number.
    uid=10001 user
    PIP_NO_CACHE_DIR=1 program
    rm -rf /var/lib/apt/lists/*
}

random() { head -c "$1" /dev/urandom | base64 --wrap=0; }
secret_key() { random 60; }
token_keys() { printf 'a:%s' "$(random 48)"; }

# Written in one step, and never in the place of one of before: `keep secret_key` calls that.
keep() {
    local file=$settings/$1
    [ ! -e "$file" ] || return 0
    (umask 077 && "${2:-$1}" >"$file.new")
    mv "$file.new" "$file"
}

configure() {
    install -d -m 0750 "$settings"
    keep secret_key
    keep token_keys
    keep weiyu.env first_settings
    # Those that a backup brought, too. The server reads them, and only root writes them.
    chown -R root:weiyu "$settings"
    chmod -R u=rwX,g=rX,o= "$settings"
}

need_address() {
    : "${WEIYU_PUBLIC_URL:?is where people will find it: WEIYU_PUBLIC_URL=https://desk.example.com deploy/install.sh $*}"
}

first_settings() {
    need_address
    unset WEIYU_SECRET_KEY WEIYU_TOKEN_KEYS
    given WEIYU_ALLOWED_HOSTS || WEIYU_ALLOWED_HOSTS=$(host_of "$WEIYU_PUBLIC_URL")
    given WEIYU_DATABASE_URL || WEIYU_DATABASE_URL=$own_database
    given WEIYU_REDIS_URL || WEIYU_REDIS_URL=$own_redis
    given WEIYU_TRUSTED_PROXIES || WEIYU_TRUSTED_PROXIES=127.0.0.1
    WEIYU_DATA_DIR=$data
    WEIYU_SECRET_KEY_FILE=$settings/secret_key
    WEIYU_TOKEN_KEYS_FILE=$settings/token_keys
    local name
    say '# docs/operating.md and .env.example explain them. systemctl restart weiyu applies them.'
    for name in ${!WEIYU_*}; do
        [[ ${!name} =~ $plain ]] ||
            fail "$name has a sign that files of settings cannot hold: put it into a file and give ${name}_FILE."
        say "$name=${!name}"
    done
}

given() { local file=$1_FILE; [ -n "${!1+set}${!file+set}" ]; }

host_of() {
    local host=${1#*://}
    host=${host%%/*}
    case $host in
        \[*) say "${host%%]*}]" ;;
        *) say "${host%%:*}" ;;
    esac
}

# PostgreSQL and Redis on this machine, unless the settings name others.
services() {
    if grep -q "^WEIYU_DATABASE_URL=$own_database$" "$settings/weiyu.env"; then
        install_packages postgresql
        systemctl start postgresql
        as_postgres psql -tAc "SELECT 1 FROM pg_roles WHERE rolname = 'weiyu'" | grep -q 1 ||
            as_postgres createuser weiyu
        as_postgres psql -tAc "SELECT 1 FROM pg_database WHERE datname = 'weiyu'" | grep -q 1 ||
            as_postgres createdb --owner=weiyu --encoding=UTF8 --template=template0 weiyu
    fi
    if grep -q "^WEIYU_REDIS_URL=$own_redis$" "$settings/weiyu.env"; then
        install_packages redis-server
        systemctl start redis-server
    fi
}

# initdb and friends want a folder that they may enter.
as_postgres() { (cd / && runuser -u postgres -- "$@"); }

# Once for each installation and upgrade, never by each worker.
prepare() {
    deploy/manage.sh migrate
    deploy/manage.sh collectstatic --noinput
}

units() {
    local unit
    for unit in deploy/*.service deploy/*.timer; do
        sed "s|/opt/weiyu|$root|g" "$unit" >"$units/${unit##*/}"
    done
    systemctl daemon-reload
    systemctl enable -q weiyu.service weiyu-due-work.timer
    # New workers take the place of the old ones without losing a call.
    systemctl reload-or-restart weiyu.service
    systemctl start weiyu-due-work.timer
    await_readiness
}

# The one of the unit, which may have been edited.
port() { systemctl show --property=ExecStart weiyu.service | sed -n 's/.*--port \([0-9]*\).*/\1/p'; }

await_readiness() {
    local ask="import urllib.request as it; it.urlopen('http://127.0.0.1:$(port)/readyz', timeout=10)"
    for _ in $(seq 60); do
        ! .venv/bin/python -c "$ask" 2>/dev/null || return 0
        ! systemctl is-failed -q weiyu.service || break
        sleep 1
    done
    fail "Weiyu does not become ready: journalctl --unit weiyu tells why."
}

next() {
    say "Weiyu runs on 127.0.0.1:$(port). The first administrator, if there is none yet:"
    say "    $root/deploy/manage.sh createsuperuser --username you@example.com"
    say "Then a proxy with TLS in front of it: docs/operating.md has recipes."
}

# The file that compose.yaml reads.
container_settings() {
    need_address container_settings
    [ ! -e .env ] || fail ".env is there already, and holds the secrets of this installation."
    (
        umask 077
        {
            say '# Of compose.yaml; docs/operating.md explains it. Whoever reads this can sign in as anybody.'
            say "WEIYU_PUBLIC_URL=$WEIYU_PUBLIC_URL"
            say "WEIYU_ALLOWED_HOSTS=$(host_of "$WEIYU_PUBLIC_URL")"
            say "WEIYU_SECRET_KEY=$(secret_key)"
            say "WEIYU_TOKEN_KEYS=$(token_keys)"
            # In an address, where + and / would have to be written otherwise.
            say "POSTGRES_PASSWORD=$(random 24 | tr '+/' '-_')"
        } >.env.new
    )
    mv .env.new .env
}

steps=("$@")
[ $# -gt 0 ] || steps=("${on_debian[@]}")
for step in "${steps[@]}"; do
    case $step in
        packages | user | program | image | first_settings | configure | services | prepare | units | next | container_settings) ;;
        *) fail "there is no step $step; the first lines of this file tell how it is called." ;;
    esac
done
if [ $# = 0 ]; then
    [ "$(id -u)" = 0 ] || fail "it makes a user and units of systemd, so it needs root."
    # Nobody should wait for packages to learn that.
    [ -e "$settings/weiyu.env" ] || need_address
fi
for step in "${steps[@]}"; do
    [ $# -gt 0 ] || say "--- $step"
    "$step"
done
