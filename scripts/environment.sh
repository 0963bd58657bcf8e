#!/bin/sh
# Is there an environment in FOLDER with these packages? If not, this makes one.
# Usage: environment.sh FOLDER PIP-ARGUMENT...      PYTHON names the Python to use (python3 if unset).
#
# FOLDER/ready holds what the environment was made from. It is written last, so that an interrupted or failed
# installation is never taken for a finished one. FOLDER/made-by-make marks a folder that may be deleted.
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
found=$("$python" -c 'import sys; print(sys.executable + " " + sys.version.split()[0]); sys.exit(3 * (sys.version_info < (3, 10)))') ||
    case $? in
    3) fail "'$python' is too old: $found; zcrm needs Python 3.10 or newer" "name a newer one: PYTHON=python3.12 make demo" ;;
    *) fail "'$python' does not run" "name a Python that runs: PYTHON=/path/to/python make demo" ;;
    esac

wanted=$(printf '%s\n' "$found" "$PWD" "$@"; cat pyproject.toml plugins/*/pyproject.toml constraints.txt)
if [ "$(cat "$folder/ready" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "'$python' cannot make environments: its modules venv and ensurepip are not installed" \
        "on Debian and Ubuntu: sudo apt-get install python3-venv"

if [ -e "$folder" ] && [ ! -e "$folder/made-by-make" ]; then
    # Somebody's own environment: add to it, never empty it.
    "$folder/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
        fail "$folder is there, but is no environment of Python 3.10 or newer" "move $folder away and try again"
    echo "Installing into your own environment $folder ..."
    rm -f "$folder/ready"
else
    echo "Making the environment $folder (this takes a moment) ..."
    rm -rf "$folder"
    mkdir "$folder"
    : >"$folder/made-by-make"
    "$python" -m venv "$folder" || fail "the environment $folder could not be made" "read the lines above"
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@" ||
    fail "the installation into $folder failed" "read the lines above; can this machine reach a package index?"
printf '%s\n' "$wanted" >"$folder/ready"
