-- Roles and databases of Sohoa and of Prefect. Run once as the server's administrator, by
-- 10-roles.sh, which sets `sohoa_password` and `prefect_password`.
--
-- Each role owns its database and may do nothing beside it. Both need pg_hba.conf to let them in
-- with scram-sha-256.
-- A statement that is refused, or that takes long, would stand in the server's log, password and all.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET password_encryption = 'scram-sha-256';

CREATE ROLE sohoa LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'sohoa_password';
CREATE ROLE prefect LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'prefect_password';

CREATE DATABASE sohoa OWNER sohoa ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0;
CREATE DATABASE prefect OWNER prefect ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0;

REVOKE CONNECT ON DATABASE sohoa FROM PUBLIC;
REVOKE CONNECT ON DATABASE prefect FROM PUBLIC;
