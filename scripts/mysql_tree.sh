#!/usr/bin/env bash
# Is there a MySQL server in FOLDER, with all that it loads? If not, this puts one there.
# Usage: mysql_tree.sh FOLDER
#
# It comes from the archive that ZCRM_MYSQL_ARCHIVE names, else from Debian's packages: from the suite
# ZCRM_MYSQL_SUITE (sid), through the mirror that this machine's apt uses, checked by apt's own signatures.
# Nothing is installed, and the machine's package state stays as it is. An archive is a packed FOLDER.
set -euo pipefail

folder=$1
archive=${ZCRM_MYSQL_ARCHIVE:-}
suite=${ZCRM_MYSQL_SUITE:-sid}
series=9.7

say() { printf 'mysql: %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n  what to do: %s\n' "$1" "$2" >&2
    exit 1
}

if [ -s "$folder/etc/zcrm-mysql" ]; then
    exit 0
fi
mkdir -p "$(dirname "$folder")"
new=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$new"' EXIT
root=$new/root
mkdir "$root"

from_archive() {
    say "unpacking $archive"
    tar -C "$root" --numeric-owner -xpf "$archive" ||
        fail "the archive $archive cannot be unpacked" "make it anew, or unset ZCRM_MYSQL_ARCHIVE"
}

# An apt of its own, with its own lists and an empty package status, so that it names every dependency.
private_apt() {
    "$1" -q -oDir::Etc::sourcelist="$new/sources" -oDir::Etc::sourceparts=/dev/null \
        -oDir::State="$new/apt" -oDir::State::status="$new/apt/status" -oDir::Cache="$new/cache" \
        -oAPT::Sandbox::User="$(id -un)" -oAPT::Install-Recommends=false -oDebug::NoLocking=true \
        -oAcquire::Languages=none -oAcquire::Retries=2 -oAcquire::http::Timeout=20 -oAcquire::https::Timeout=20 \
        -oAPT::Update::Error-Mode=any "${@:2}"
}

from_debian() {
    command -v apt-get dpkg-deb >/dev/null ||
        fail "this is no Debian machine" "run MySQL elsewhere and set ZCRM_TEST_MYSQL_URL"
    local codename mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=''
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && printf %s "$VERSION_CODENAME")
    # shellcheck disable=SC2016 # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v release="$codename" '$2 == release && $3 == "main" && !found++ { print $1 }')
    [ -n "$mirror" ] || fail "apt names no mirror for $codename" "add one to this machine's apt sources"
    mkdir -p "$new/apt/lists/partial" "$new/cache/archives/partial" "$new/debs"
    : >"$new/apt/status"
    [ ! -r "$keyring" ] || signed="[signed-by=$keyring] "
    printf 'deb %s%s %s main\n' "$signed" "$mirror" "$suite" >"$new/sources"

    say "downloading the server from Debian's suite $suite"
    local log=$new/log version packages
    private_apt apt-get update >"$log" 2>&1 ||
        fail "apt cannot read the suite $suite: $(tail -n 3 "$log")" "try again, or name an archive in ZCRM_MYSQL_ARCHIVE"
    version=$(private_apt apt-cache policy mysql-server-core | awk '/Candidate:/ { print $2 }')
    case $version in
    "$series".*) ;;
    *) say "warning: the suite $suite holds MySQL ${version:-not at all}; zcrm is tested with $series" ;;
    esac
    private_apt apt-get install -y --print-uris mysql-server-core busybox-static >"$new/uris" 2>"$log" ||
        fail "the suite $suite cannot give MySQL today: $(tail -n 5 "$log")" "try again later, or name an archive in ZCRM_MYSQL_ARCHIVE"
    # perl and its like are needed by tools that stay behind.
    mapfile -t packages < <(sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p" "$new/uris" |
        grep -vE '^(perl|libperl|libgdbm|libdb5|debconf|tzdata|libmecab|gcc-[0-9]+-base)')
    (cd "$new/debs" && private_apt apt-get download "${packages[@]}") >"$log" 2>&1 ||
        fail "the download failed: $(tail -n 3 "$log")" "try again"
    assemble "$version"
}

# From the unpacked packages only what a server needs: itself, plugins, libraries, messages, a shell.
assemble() {
    local full=$new/full deb loader libs plugin needed=$new/needed
    mkdir "$full"
    for deb in "$new"/debs/*.deb; do
        dpkg-deb --extract "$deb" "$full"
    done
    mkdir -p "$root"/{dev,etc/mysql,proc,root,run/mysqld,sys,tmp,usr/bin,usr/sbin,usr/lib/mysql,usr/lib64,usr/share/mysql} \
        "$root"/var/lib/{mysql,mysql-files} "$root/var/tmp"
    chmod 1777 "$root/tmp" "$root/var/tmp"
    ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
    cp -a "$full/usr/sbin/mysqld" "$root/usr/sbin"
    cp -a "$full/usr/lib/mysql/plugin" "$root/usr/lib/mysql"
    cp -a "$full"/usr/share/mysql/{charsets,english} "$root/usr/share/mysql"

    loader=$(cd "$full" && find usr/lib usr/lib64 -maxdepth 1 -name 'ld-linux*' -print -quit)
    libs=$(cd "$full" && find usr/lib -name libc.so.6 -printf '%h' -quit)
    mkdir -p "$root/$libs"
    cp -aL "$full/$loader" "$root/$loader"
    "$full/$loader" --library-path "$full/$libs" --list "$root/usr/sbin/mysqld" >"$needed"
    ! grep 'not found' "$needed" >&2 || fail "the server's libraries are not complete" "report this"
    for plugin in "$root"/usr/lib/mysql/plugin/*.so; do
        # A plugin for a library that is not here cannot be loaded, so it is no use.
        if "$full/$loader" --library-path "$full/$libs" --list "$plugin" >"$needed.one" 2>/dev/null &&
            ! grep -q 'not found' "$needed.one"; then
            cat "$needed.one" >>"$needed"
        else
            rm -f "$plugin"
        fi
    done
    awk -v full="$full/" 'index($3, full) == 1 { print $3 }' "$needed" | sort -u |
        xargs cp -Lt "$root/$libs"
    cp -a "$full/usr/bin/busybox" "$root/usr/bin"
    local applet
    for applet in $("$root/usr/bin/busybox" --list); do
        [ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
    done
    printf 'root:x:0:0::/:/bin/sh\nmysql:x:999:999::/var/lib/mysql:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\nmysql:x:999:\n' >"$root/etc/group"
    template "$loader" "$libs"
    printf 'mysql=%s\nloader=%s\nlibs=%s\n' "$1" "$loader" "$libs" >"$root/etc/zcrm-mysql"
}

# A data folder that is ready to use, so that no start has to make one.
template() {
    local data=$root/usr/lib/mysql/template
    # The machine's own loader may be older than the one that this server needs.
    "$root/$1" --library-path "$root/$2" "$root/usr/sbin/mysqld" --no-defaults --user="$(id -un)" \
        --initialize-insecure --datadir="$data" --lc-messages-dir="$root/usr/share/mysql" \
        --secure-file-priv=NULL --innodb-redo-log-capacity=32M >"$new/log" 2>&1 ||
        fail "mysqld cannot make a data folder: $(tail -n 5 "$new/log")" "report this"
    rm -rf "$data/auto.cnf" "$data"/'#innodb_redo'/*_tmp # auto.cnf: each server needs an identity of its own
}

if [ -n "$archive" ] && [ -r "$archive" ]; then
    from_archive
else
    from_debian
fi
[ -s "$root/etc/zcrm-mysql" ] || fail "$archive holds no MySQL server as this script packs one" "unset ZCRM_MYSQL_ARCHIVE"
chmod 755 "$root"
mv -T "$root" "$folder"
