-- Run once, by the image's entrypoint, on a new volume. A failed statement would be logged with the password in it.
SET log_min_error_statement = 'panic';
\getenv password APP_PASSWORD
CREATE ROLE todo LOGIN PASSWORD :'password';
CREATE DATABASE todo OWNER todo;
REVOKE CONNECT, TEMPORARY ON DATABASE todo FROM PUBLIC;
