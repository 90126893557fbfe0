#!/bin/sh
# Run by the container of PostgreSQL when it makes its cluster.
set -eu
psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v sohoa_password="$(cat /run/secrets/database-password)" \
    -v prefect_password="$(cat /run/secrets/prefect-database-password)" \
    -f /etc/sohoa/roles.sql
