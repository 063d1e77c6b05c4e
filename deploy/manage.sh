#!/usr/bin/env bash
# Run a management command as Weiyu's user and with its settings: deploy/manage.sh migrate
set -euo pipefail
umask 077
cd "$(dirname "$0")/.."

# In a container the settings are in the environment already.
if [ -e /etc/weiyu/weiyu.env ]; then
    set -a
    . /etc/weiyu/weiyu.env
    set +a
fi
command=(.venv/bin/python manage.py "$@")
[ "$(id -u)" != 0 ] || command=(runuser -u weiyu -- "${command[@]}")
exec "${command[@]}"
