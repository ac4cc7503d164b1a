"""Two schemas, statements that change what they define, and statements that do not."""

from __future__ import annotations

SQLITE = """
CREATE TABLE teams (id INTEGER PRIMARY KEY, name VARCHAR(40));
CREATE TABLE users (id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES teams (id), name TEXT, age INTEGER,
    spare TEXT);
CREATE INDEX ix_users_name ON users (name);
CREATE VIEW adults AS SELECT name FROM users WHERE age > 17;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
INSERT INTO alembic_version VALUES ('a1')
"""
SQLITE_CHANGES = {
    "column": "ALTER TABLE users ADD COLUMN email TEXT",
    "column dropped": "ALTER TABLE users DROP COLUMN spare",
    "column renamed": "ALTER TABLE users RENAME COLUMN age TO years",
    "table": "CREATE TABLE other (id INTEGER)",
    "table dropped": "DROP TABLE teams",
    "table renamed": "ALTER TABLE users RENAME TO people",
    "index": "CREATE INDEX ix_users_age ON users (age)",
    "unique index": "CREATE UNIQUE INDEX uq_users_age ON users (age)",
    "partial index": "CREATE INDEX ix_old ON users (age) WHERE age > 60",
    "index dropped": "DROP INDEX ix_users_name",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END",
    "view": "CREATE VIEW everyone AS SELECT name FROM users",
    "view dropped": "DROP VIEW adults",
    "view replaced": "DROP VIEW adults;\nCREATE VIEW adults AS SELECT name FROM users WHERE age > 20",
    "revision": "UPDATE alembic_version SET version_num = 'b2'",
    "second revision": "INSERT INTO alembic_version VALUES ('b2')",
    "no revision": "DELETE FROM alembic_version",
    "no version table": "DROP TABLE alembic_version",
}
POSTGRESQL = """
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE TABLE teams (id serial PRIMARY KEY, name varchar(40));
CREATE TABLE users (id int PRIMARY KEY, team_id int, name text, age int NOT NULL DEFAULT 1, mood mood,
    email text, CONSTRAINT age_check CHECK (age > 0));
CREATE INDEX ix_users_name ON users (name);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n + n';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW adults AS SELECT name FROM users WHERE age > 17;
CREATE MATERIALIZED VIEW olds AS SELECT name FROM users WHERE age > 60;
CREATE SEQUENCE numbers;
CREATE POLICY mine ON users USING (name = 'me');
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL);
INSERT INTO alembic_version VALUES ('a1')
"""
POSTGRESQL_CHANGES = {
    "column": "ALTER TABLE users ADD COLUMN phone text",
    "column dropped": "ALTER TABLE users DROP COLUMN email",
    "column renamed": "ALTER TABLE users RENAME email TO mail",
    "type": "ALTER TABLE users ALTER email TYPE varchar(99)",
    "length": "ALTER TABLE teams ALTER name TYPE varchar(41)",
    "default": "ALTER TABLE users ALTER age SET DEFAULT 2",
    "default dropped": "ALTER TABLE users ALTER age DROP DEFAULT",
    "not null": "ALTER TABLE users ALTER email SET NOT NULL",
    "null": "ALTER TABLE users ALTER age DROP NOT NULL",
    "identity": "ALTER TABLE users ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    "generated column": "ALTER TABLE users ADD COLUMN half int GENERATED ALWAYS AS (age / 2) STORED",
    "collation": 'ALTER TABLE users ALTER email TYPE text COLLATE "C"',
    "check": "ALTER TABLE users ADD CHECK (age < 200)",
    "check dropped": "ALTER TABLE users DROP CONSTRAINT age_check",
    "check not valid": "ALTER TABLE users ADD CONSTRAINT c2 CHECK (age < 200) NOT VALID",
    "unique": "ALTER TABLE users ADD UNIQUE (email)",
    "foreign key": "ALTER TABLE users ADD FOREIGN KEY (team_id) REFERENCES teams",
    "index": "CREATE INDEX ix_users_age ON users (age)",
    "partial index": "CREATE INDEX ix_old ON users (age) WHERE age > 60",
    "expression index": "CREATE INDEX ix_lower ON users (lower(name))",
    "index invalid": "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_users_name'::regclass",
    "index options": "ALTER INDEX ix_users_name SET (fillfactor = 50)",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch()",
    "trigger disabled": "ALTER TABLE users DISABLE TRIGGER touched",
    "view": "CREATE VIEW everyone AS SELECT name FROM users",
    "view replaced": "CREATE OR REPLACE VIEW adults AS SELECT name FROM users WHERE age > 20",
    "materialized view dropped": "DROP MATERIALIZED VIEW olds",
    "rule": "CREATE RULE no AS ON DELETE TO teams DO INSTEAD NOTHING",
    "policy": "ALTER POLICY mine ON users USING (name = 'you')",
    "policy role": "ALTER POLICY mine ON users TO CURRENT_USER",
    "row security": "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "function body": "CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'",
    "function attribute": "ALTER FUNCTION twice(int) SECURITY DEFINER",
    "function setting": "ALTER FUNCTION twice(int) SET search_path = pg_catalog",
    "procedure": "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
    "aggregate": "CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int)",
    "sequence option": "ALTER SEQUENCE numbers INCREMENT 5",
    "sequence": "CREATE SEQUENCE more_numbers",
    "enum label": "ALTER TYPE mood ADD VALUE 'mad'",
    "enum label renamed": "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
    "type made": "CREATE TYPE pair AS (a int, b int)",
    "composite type altered": "CREATE TYPE pair AS (a int);\nALTER TYPE pair ADD ATTRIBUTE c int",
    "range type": "CREATE TYPE span AS RANGE (subtype = int)",
    "domain": "ALTER DOMAIN positive DROP CONSTRAINT positive_check",
    "domain default": "ALTER DOMAIN positive SET DEFAULT 3",
    "table": "CREATE TABLE more (id int)",
    "table elsewhere": "CREATE TABLE other.more (id int)",
    "table dropped": "DROP TABLE teams",
    "table renamed": "ALTER TABLE teams RENAME TO groups",
    "table moved": "ALTER TABLE teams SET SCHEMA other",
    "unlogged": "ALTER TABLE teams SET UNLOGGED",
    "partitioned table": "CREATE TABLE parts (at date) PARTITION BY RANGE (at)",
    "revision": "UPDATE alembic_version SET version_num = 'b2'",
    "second revision": "INSERT INTO alembic_version VALUES ('b2')",
    "no revision": "DELETE FROM alembic_version",
    "no version table": "DROP TABLE alembic_version",
}
POSTGRESQL_SAME = {
    "rows": "INSERT INTO users (id, age) SELECT n, n FROM generate_series(1, 500) n;\n"
    "DELETE FROM users WHERE id > 400",
    "statistics": "INSERT INTO users (id) SELECT n FROM generate_series(1, 500) n;\nANALYZE",
    "reindex": "REINDEX TABLE users",
    "nextval": "SELECT nextval('numbers'), setval('numbers', 500)",
    "refresh": "REFRESH MATERIALIZED VIEW olds",
    "temporary table": "CREATE TEMPORARY TABLE scratch (id int)",
    "search path": "SET LOCAL search_path = other, public",
    "formats": "SET LOCAL timezone = 'Asia/Tokyo';\nSET LOCAL datestyle = 'SQL, DMY'",
    "journal": "CREATE TABLE init_journal (seq int PRIMARY KEY);\n"
    "CREATE TABLE init_journal_head (id serial PRIMARY KEY, seq int CHECK (seq > 0));\n"
    "CREATE FUNCTION init_journal_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
    "CREATE TRIGGER init_journal_guard AFTER INSERT ON init_journal "
    "FOR EACH ROW EXECUTE FUNCTION init_journal_guard()",
    "ignored": "CREATE TABLE legacy_a (id serial PRIMARY KEY, v text DEFAULT 'x');\n"
    "CREATE INDEX ix_l ON legacy_a (v);\n"
    "CREATE FUNCTION legacy_f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ignored by schema": "CREATE TABLE other.theirs (id int)",
}
