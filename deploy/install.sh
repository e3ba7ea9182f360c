#!/bin/sh
# Lay out a class on this machine, or bring it up to date (when nobody is working):
#   sudo deploy/install.sh /srv
# The student edition, its packages, JupyterHub and its proxy go to /srv/tumor-recurrence-lessons.
# Accounts, the students' homes and a local.py of yours stay as they are.
set -eu
umask 022
# The system's Python: one under somebody's home is out of the students' reach.
export PYTHON="${PYTHON:-/usr/bin/python3}"
[ $# = 1 ] || { echo "Say where: deploy/install.sh /srv"; exit 2; }
command -v npm > /dev/null || { echo "npm is missing. On Debian: apt install npm"; exit 1; }
mkdir -p "$1/tumor-recurrence-lessons/deploy"
class=$(cd "$1/tumor-recurrence-lessons" && pwd)
cd "$(dirname "$0")/.."

make student
for part in notebooks data utils tools; do rm -rf "${class:?}/$part"; done
"$PYTHON" -m zipfile -e dist/tumor-recurrence-lessons.zip "$class/.."
cp deploy/jupyterhub_config.py deploy/singleuser.py deploy/hub.lock deploy/package.json \
  deploy/package-lock.json "$class/deploy"

make -C "$class" setup
"$class/.venv/bin/uv" pip install --quiet --python "$class/.venv" --require-hashes \
  --compile-bytecode -r "$class/deploy/hub.lock"
"$class/.venv/bin/python" -m compileall -q "$class/tools" "$class/utils" "$class/deploy"/*.py
npm ci --silent --ignore-scripts --prefix "$class/deploy"
echo "The class is in $class."
