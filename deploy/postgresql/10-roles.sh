#!/bin/sh
# Makes roles and databases by roles.sql. PostgreSQL's container runs it when it makes its cluster;
# elsewhere, as root: PSQL="sudo -u postgres psql" SECRETS=/etc/sohoa/secrets ROLES=… 10-roles.sh
# Passwords go through the pipe: arguments are seen by everybody who lists processes.
set -eu
secrets=${SECRETS:-/run/secrets}
quoted() { sed "s/[\\\\']/\\\\&/g" "$1"; }
sohoa_password=$(quoted "$secrets/database-password")
prefect_password=$(quoted "$secrets/prefect-database-password")
# shellcheck disable=SC2086
{
    printf "\\\\set sohoa_password '%s'\n" "$sohoa_password"
    printf "\\\\set prefect_password '%s'\n" "$prefect_password"
    cat "${ROLES:-/etc/sohoa/roles.sql}"
} | ${PSQL:-psql --username $POSTGRES_USER --dbname postgres} -X -q -v ON_ERROR_STOP=1
