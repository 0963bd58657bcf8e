#!/bin/sh
# What does a container of the image zcrm-mysql do? It runs mysqld, like the vendor's image, with the arguments
# as options. MYSQL_ROOT_PASSWORD and MYSQL_DATABASE are known, no other variable of the vendor's.
set -eu

[ "${1:-}" != mysqld ] || shift
data=/var/lib/mysql
mkdir -p /run/mysqld

quoted() {
    printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g"
}

if [ ! -d "$data/mysql" ]; then
    : "${MYSQL_ROOT_PASSWORD:?a password is needed}"
    cp -a /usr/lib/mysql/template/. "$data"
    umask 077
    {
        echo "SET SESSION sql_log_bin = 0;"
        echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$(quoted "$MYSQL_ROOT_PASSWORD")';"
        echo "CREATE USER 'root'@'%' IDENTIFIED BY '$(quoted "$MYSQL_ROOT_PASSWORD")';"
        echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
        # shellcheck disable=SC2016 # backquotes of SQL
        [ -z "${MYSQL_DATABASE:-}" ] ||
            printf 'CREATE DATABASE `%s`;\n' "$(printf '%s' "$MYSQL_DATABASE" | sed 's/`/``/g')"
    } >/run/mysqld/accounts.sql
    umask 022
    set -- --init-file=/run/mysqld/accounts.sql "$@"
fi
chown -R mysql:mysql "$data" /run/mysqld /var/lib/mysql-files
exec /usr/sbin/mysqld "$@"
