#!/usr/bin/env bash
# Is there a Docker image of MySQL 9.7 where no registry answers? If not, this makes one.
# Usage: mysql_image.sh [TAG]      TAG is zcrm-mysql:9.7 if left out; mysql_tree.sh says where the server comes from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

tag=${1:-zcrm-mysql:9.7}
recipe=$(cat mysql_image.sh mysql_tree.sh mysql_entrypoint.sh | sha256sum | cut -c -16)
found=$(docker image inspect --format '{{index .Config.Labels "zcrm.recipe"}}' "$tag" 2>/dev/null || true)
if [ "$found" = "$recipe" ]; then
    exit 0
fi

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
bash mysql_tree.sh "$new/tree"
install -m 755 mysql_entrypoint.sh "$new/tree/usr/bin/zcrm-entrypoint"
cat >"$new/tree/etc/mysql/my.cnf" <<'CNF'
# Where things are, and less space; everything else is the server's own default.
[mysqld]
user=mysql
datadir=/var/lib/mysql
socket=/run/mysqld/mysqld.sock
pid-file=/run/mysqld/mysqld.pid
secure-file-priv=/var/lib/mysql-files
lc-messages-dir=/usr/share/mysql
plugin-dir=/usr/lib/mysql/plugin
skip-name-resolve
innodb-redo-log-capacity=32M
# A container may not ask for this default.
innodb-numa-interleave=OFF
CNF
old=$(docker image inspect --format '{{.Id}}' "$tag" 2>/dev/null || true)
tar -C "$new/tree" --numeric-owner -c . | docker import \
    --change 'ENTRYPOINT ["/usr/bin/zcrm-entrypoint"]' \
    --change 'CMD ["mysqld"]' \
    --change 'EXPOSE 3306' \
    --change 'ENV PATH=/usr/sbin:/usr/bin' \
    --change "LABEL zcrm.recipe=$recipe" \
    - "$tag" >/dev/null
if [ -n "$old" ]; then
    docker image rm "$old" >/dev/null 2>&1 || true # a container may still use it
fi
printf 'mysql: made the image %s of MySQL %s\n' "$tag" "$(sed -n 's/^mysql=//p' "$new/tree/etc/zcrm-mysql")" >&2
