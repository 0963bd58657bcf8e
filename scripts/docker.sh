#!/usr/bin/env bash
# Does Docker answer, with MySQL's image? This installs and starts it on a bare Debian machine, as root.
#
#   docker.sh run COMMAND...   up; run the command; take everything down that was started here
#   docker.sh up               install Docker, start it, make the image, and leave it running
#   docker.sh down             end the tests' containers, and the daemon if this script started it
#
# The exit status is the command's; 125 says that Docker or the image cannot be had.
set -euo pipefail

scripts=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
state=/run/zcrm-docker
label=zcrm.test
seconds=60 # for the daemon to answer

say() { printf 'docker: %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n  what to do: %s\n' "$1" "$2" >&2
    exit 125
}

answers() { command -v docker >/dev/null && timeout 20 docker version >/dev/null 2>&1; }

is_daemon() { [ -n "$1" ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = dockerd ]; }

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -oDPkg::Lock::Timeout=300 \
        -oAcquire::Retries=2 -oAcquire::http::Timeout=20 -oAcquire::https::Timeout=20 "$@" >>"$state/apt.log" 2>&1
}

install_docker() {
    command -v apt-get >/dev/null || fail "Docker is not installed, and this is no Debian machine" "install Docker"
    say "installing docker.io"
    : >"$state/apt.log"
    apt install docker.io || { apt update && apt install docker.io; } ||
        fail "docker.io cannot be installed: $(tail -n 5 "$state/apt.log")" "install Docker by hand"
    # Later releases of Debian have the command in a package of its own.
    command -v docker >/dev/null || apt install docker-cli ||
        fail "docker-cli cannot be installed: $(tail -n 5 "$state/apt.log")" "install Docker by hand"
}

launch() { # further options of the daemon; published ports on the loopback address alone
    : >"$state/log"
    # shellcheck disable=SC2016 # the inner shell's own number
    setsid -f sh -c 'echo $$ >"$1"; shift; exec "$@"' - "$state/pid" \
        dockerd --ip 127.0.0.1 --log-level warn "$@" >>"$state/log" 2>&1 8>&- 9>&- </dev/null
    local end=$((SECONDS + seconds))
    while [ "$SECONDS" -lt "$end" ]; do
        if answers; then return 0; fi
        sleep 0.1
        [ ! -s "$state/pid" ] || is_daemon "$(cat "$state/pid")" || return 1
    done
    return 1
}

start() {
    [ "$(id -u)" = 0 ] || fail "no Docker daemon answers, and only root may start one" "start Docker, or run this as root"
    [ -z "${DOCKER_HOST:-}" ] || fail "the Docker daemon at $DOCKER_HOST does not answer" "start it, or unset DOCKER_HOST"
    command -v dockerd >/dev/null || install_docker
    # A killed daemon leaves its number behind, which may be another process's by now.
    local file number
    for file in /run/docker.pid /run/docker/containerd/containerd.pid; do
        number=$(cat "$file" 2>/dev/null || true)
        grep -qsE '^(dockerd|containerd)$' "/proc/$number/comm" || rm -f "$file"
    done
    grep -qE ' cgroup2? ' /proc/mounts || mount -t cgroup2 cgroup2 /sys/fs/cgroup ||
        fail "this machine has no control groups" "run the tests elsewhere, or with ZCRM_TEST_MYSQL_URL"
    echo "$1" >"$state/by"
    launch && return
    if grep -qE 'iptables|nftables' "$state/log"; then
        stop_daemon
        say "no usable iptables; trying without"
        launch --iptables=false --ip6tables=false && return # published ports go through Docker's own proxy
    fi
    stop_daemon
    fail "the Docker daemon does not start: $(tail -n 8 "$state/log")" "read the lines above; does this machine allow containers?"
}

stop_daemon() {
    local pid
    pid=$(cat "$state/pid" 2>/dev/null || true)
    rm -f "$state/pid" "$state/by"
    if is_daemon "$pid"; then
        kill "$pid" || true
        timeout 20 tail --pid="$pid" -f /dev/null || kill -9 "$pid" || true
    fi
}

up() { # who asks: "run" takes the daemon down at the end, "up" leaves it
    mkdir -p "$state" 2>/dev/null || state=$(mktemp -d)
    # One at a time; and whoever uses the daemon holds the other lock, shared.
    exec 8>"$state/starting" 9>"$state/using"
    flock 8
    flock -s 9
    answers || start "$1"
    bash "$scripts/mysql_image.sh" 8>&- 9>&- || fail "there is no image of MySQL" "read the lines above"
    flock -u 8
}

remove_leftovers() {
    local ids
    mapfile -t ids < <(docker ps -aq --filter "label=$label")
    [ "${#ids[@]}" = 0 ] || docker rm -fv "${ids[@]}" >/dev/null
    mapfile -t ids < <(docker network ls -q --filter "label=$label")
    [ "${#ids[@]}" = 0 ] || docker network rm "${ids[@]}" >/dev/null
}

down() {
    # Somebody else's run may use the daemon; the last one takes it down.
    flock -n 9 || return 0
    if answers; then
        remove_leftovers || say "something of the tests is still there"
    fi
    [ "$(cat "$state/by" 2>/dev/null)" != "$1" ] || stop_daemon
}

run() {
    child=''
    # The command has a process group of its own, so that one signal reaches all that it started.
    # shellcheck disable=SC2317 # the traps call it
    end() {
        trap '' INT TERM HUP
        if [ -n "$child" ]; then
            kill -TERM -- "-$child" 2>/dev/null || true
            timeout 20 tail --pid="$child" -f /dev/null || true
            kill -KILL -- "-$child" 2>/dev/null || true
        fi
        exit "$1"
    }
    trap 'end 130' INT
    trap 'end 143' TERM
    trap 'end 129' HUP
    trap 'down run' EXIT
    up run
    set -m
    "$@" 8>&- 9>&- </dev/null &
    child=$!
    set +m
    local status=0
    wait "$child" || status=$?
    child=''
    exit "$status"
}

case ${1:-} in
run) shift && run "$@" ;;
up)
    up up
    [ ! -e "$state/by" ] || echo up >"$state/by"
    ;;
down)
    mkdir -p "$state"
    exec 9>"$state/using"
    down "$(cat "$state/by" 2>/dev/null)"
    ;;
*) fail "docker.sh has no command '${1:-}'" "use: docker.sh run COMMAND... | up | down" ;;
esac
