-- +goose Up

-- The latest of every cluster.
CREATE TABLE pictures (
	cluster      TEXT PRIMARY KEY,
	online_since INTEGER,
	seen         INTEGER,
	state        TEXT, -- JSON
	telemetry    TEXT  -- JSON
) STRICT;

-- What ran: one row for an occurrence on an output, as the latest receipt told.
CREATE TABLE runs (
	cluster    TEXT NOT NULL,
	order_hash TEXT NOT NULL,
	occurrence TEXT NOT NULL,
	output     TEXT NOT NULL, -- empty while it is not known
	kind       TEXT NOT NULL,
	mode       TEXT NOT NULL,
	subject    TEXT NOT NULL,
	epoch      TEXT NOT NULL,
	sequence   INTEGER NOT NULL,
	fate       TEXT NOT NULL,
	reason     TEXT NOT NULL,
	detail     TEXT NOT NULL,
	started    INTEGER,
	at         INTEGER NOT NULL,
	clock      TEXT NOT NULL,
	evidence   TEXT, -- JSON
	PRIMARY KEY (cluster, order_hash, occurrence, output)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_at ON runs (at);
CREATE INDEX runs_order ON runs (order_hash);
