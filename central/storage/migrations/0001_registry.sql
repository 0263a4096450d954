-- +goose Up

-- What was done, by whom: a chain of hashes, see audit.go.
CREATE TABLE audit (
	seq      INTEGER PRIMARY KEY,
	at       INTEGER NOT NULL, -- ms since 1970 UTC, as are all times here
	person   TEXT NOT NULL,
	action   TEXT NOT NULL,
	subject  TEXT NOT NULL,
	detail   TEXT NOT NULL,    -- JSON
	previous BLOB NOT NULL,
	hash     BLOB NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit chain is only added to'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit chain is only added to'); END;
-- +goose StatementEnd

CREATE TABLE areas (
	code            TEXT PRIMARY KEY,
	parent          TEXT REFERENCES areas (code) DEFERRABLE INITIALLY DEFERRED,
	kind            TEXT NOT NULL,
	name_vi         TEXT NOT NULL,
	name_en         TEXT NOT NULL,
	effective_from  TEXT NOT NULL, -- 2025-07-01, or empty
	effective_until TEXT NOT NULL
) STRICT;
CREATE INDEX areas_parent ON areas (parent);

CREATE TABLE clusters (
	id        TEXT PRIMARY KEY,
	name      TEXT NOT NULL,
	area      TEXT NOT NULL REFERENCES areas (code),
	languages TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX clusters_area ON clusters (area);

CREATE TABLE cluster_also (
	cluster  TEXT NOT NULL REFERENCES clusters (id),
	position INTEGER NOT NULL,
	area     TEXT NOT NULL REFERENCES areas (code),
	PRIMARY KEY (cluster, position)
) STRICT;
CREATE INDEX cluster_also_area ON cluster_also (area);

CREATE TABLE cluster_neighbours (
	cluster   TEXT NOT NULL REFERENCES clusters (id),
	position  INTEGER NOT NULL,
	neighbour TEXT NOT NULL REFERENCES clusters (id) DEFERRABLE INITIALLY DEFERRED,
	PRIMARY KEY (cluster, position)
) STRICT;

CREATE TABLE devices (
	id          TEXT PRIMARY KEY, -- key id of the board's public key
	cluster     TEXT NOT NULL REFERENCES clusters (id),
	public      BLOB NOT NULL,
	cert_serial TEXT NOT NULL UNIQUE,
	enrolled_at INTEGER NOT NULL,
	revoked_at  INTEGER
) STRICT;
-- One board per cluster.
CREATE UNIQUE INDEX devices_in_service ON devices (cluster) WHERE revoked_at IS NULL;

CREATE TABLE persons (
	id   TEXT PRIMARY KEY,
	name TEXT NOT NULL
) STRICT;

CREATE TABLE person_keys (
	id         TEXT PRIMARY KEY,
	person     TEXT NOT NULL REFERENCES persons (id),
	scheme     TEXT NOT NULL,
	public     BLOB NOT NULL,
	added_at   INTEGER NOT NULL,
	retired_at INTEGER,
	revoked_at INTEGER
) STRICT;
CREATE INDEX person_keys_person ON person_keys (person);

CREATE TABLE roles (
	person TEXT NOT NULL REFERENCES persons (id),
	name   TEXT NOT NULL,
	area   TEXT NOT NULL REFERENCES areas (code),
	PRIMARY KEY (person, name, area)
) STRICT;

CREATE TABLE tokens (
	id         TEXT PRIMARY KEY,
	person     TEXT NOT NULL REFERENCES persons (id),
	label      TEXT NOT NULL,
	sha256     BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_person ON tokens (person);

