#!/bin/sh
# Is there an environment in FOLDER with these packages? If not, this makes one.
# Usage: environment.sh FOLDER PIP-ARGUMENT...      PYTHON names the Python to use (python3 if unset).
#
# FOLDER/ready holds what the environment was made from. It is written last, so an interrupted or failed
# installation is never taken for a finished one.
set -eu

folder=$1
shift
python=${PYTHON:-python3}

fail() {
    printf 'error: %s\n  what to do: %s\n' "$1" "$2" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    fail "there is no command '$python'" "install Python 3.10 or newer, or name yours: PYTHON=/path/to/python make demo"
"$python" -c '' ||
    fail "'$python' is there but does not run" "name a Python that runs: PYTHON=/path/to/python make demo"
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "'$python' is Python $version, and zcrm needs 3.10 or newer" "name a newer one: PYTHON=python3.12 make demo"

wanted=$("$python" -c 'import sys; print(sys.executable, sys.version)'; pwd; echo "$@"; cat pyproject.toml plugins/*/pyproject.toml constraints.txt)
if [ "$(cat "$folder/ready" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "'$python' cannot make environments (it has no venv or ensurepip module)" \
        "on Debian and Ubuntu: sudo apt-get install python3-venv"

rm -f "$folder/ready"
if [ -e "$folder" ] && [ ! -e "$folder/made-by-make" ]; then
    # Somebody's own environment: add to it, do not empty it.
    "$folder/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
        fail "$folder is there, but it is no environment of Python 3.10 or newer" "move $folder away and try again"
    echo "Installing into your own environment $folder ..."
else
    echo "Making the environment $folder with Python $version (this takes a moment) ..."
    mkdir -p "$folder"
    : >"$folder/made-by-make"
    "$python" -m venv --clear "$folder" || fail "the environment $folder could not be made" "read the lines above"
    : >"$folder/made-by-make"
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@" ||
    fail "the installation into $folder failed" "read the lines above; is the network or the package index reachable?"
printf '%s\n' "$wanted" >"$folder/ready.new"
mv "$folder/ready.new" "$folder/ready"
