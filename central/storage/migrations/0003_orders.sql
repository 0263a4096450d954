-- +goose Up

CREATE TABLE orders (
	hash         TEXT PRIMARY KEY, -- SHA-256 of the PAE, hex
	kind         TEXT NOT NULL,
	mode         TEXT NOT NULL,
	subject      TEXT NOT NULL,
	revision     INTEGER NOT NULL,
	cluster      TEXT NOT NULL,    -- of a plan or placement, or empty
	areas        TEXT NOT NULL,    -- JSON; order_areas has them for queries
	wide         INTEGER NOT NULL,
	payload_type TEXT NOT NULL,
	payload      BLOB NOT NULL,
	state        TEXT NOT NULL,    -- gathering, sealed
	drafted_by   TEXT NOT NULL,
	drafted_at   INTEGER NOT NULL,
	sealed_at    INTEGER,
	until        INTEGER,
	persons      TEXT NOT NULL,    -- JSON
	envelope     BLOB              -- as sent, once sealed
) STRICT;
-- A subject has each revision once.
CREATE UNIQUE INDEX orders_revision ON orders (subject, cluster, revision) WHERE state = 'sealed' AND revision > 0;
CREATE INDEX orders_subject ON orders (subject);
CREATE INDEX orders_kind ON orders (kind, cluster);

-- +goose StatementBegin
CREATE TRIGGER orders_sealed BEFORE UPDATE ON orders WHEN old.state = 'sealed'
BEGIN SELECT raise(ABORT, 'a sealed order does not change'); END;
-- +goose StatementEnd

CREATE TABLE order_areas (
	order_hash TEXT NOT NULL REFERENCES orders (hash),
	area       TEXT NOT NULL,
	PRIMARY KEY (order_hash, area)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_areas_area ON order_areas (area);

CREATE TABLE order_signatures (
	order_hash TEXT NOT NULL REFERENCES orders (hash),
	key_id     TEXT NOT NULL,
	person     TEXT NOT NULL,
	at         INTEGER NOT NULL,
	signature  TEXT NOT NULL, -- JSON
	PRIMARY KEY (order_hash, key_id)
) STRICT;

-- What each cluster is to get, and what became of it.
CREATE TABLE outbox (
	order_hash       TEXT NOT NULL REFERENCES orders (hash),
	cluster          TEXT NOT NULL,
	handling         TEXT NOT NULL,
	attempts         INTEGER NOT NULL,
	sent_at          INTEGER,
	next_at          INTEGER NOT NULL,
	epoch            TEXT NOT NULL DEFAULT '',  -- of the receipts that the rest tells
	handled_sequence INTEGER NOT NULL DEFAULT 0,
	fate_sequence    INTEGER NOT NULL DEFAULT 0,
	fate             TEXT NOT NULL DEFAULT '',
	verdict          TEXT NOT NULL DEFAULT '',
	reason           TEXT NOT NULL DEFAULT '',
	detail           TEXT NOT NULL DEFAULT '',
	at               INTEGER,
	PRIMARY KEY (order_hash, cluster)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (next_at) WHERE handling = 'waiting';
CREATE INDEX outbox_cluster ON outbox (cluster, handling);

CREATE TABLE receipts (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	cluster     TEXT NOT NULL,
	epoch       TEXT NOT NULL,
	sequence    INTEGER NOT NULL, -- 0: of a board whose store cannot write
	hash        TEXT NOT NULL,    -- of the receipt itself
	order_hash  TEXT NOT NULL,    -- of what it is about
	envelope    BLOB NOT NULL,    -- as received
	received_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX receipts_sequence ON receipts (cluster, epoch, sequence) WHERE sequence > 0;
CREATE UNIQUE INDEX receipts_unnumbered ON receipts (cluster, hash) WHERE sequence = 0;
CREATE INDEX receipts_order ON receipts (order_hash);

CREATE TABLE receipt_epochs (
	cluster   TEXT NOT NULL,
	epoch     TEXT NOT NULL,
	through   INTEGER NOT NULL, -- all receipts up to this one are here
	gap_since INTEGER,          -- when one behind a gap came
	PRIMARY KEY (cluster, epoch)
) STRICT;

CREATE TABLE greetings (
	cluster TEXT PRIMARY KEY,
	hello   TEXT NOT NULL, -- JSON
	at      INTEGER NOT NULL
) STRICT;

-- Revisions that a board has and central has not.
CREATE TABLE floors (
	subject  TEXT NOT NULL,
	cluster  TEXT NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (subject, cluster)
) STRICT;

CREATE TABLE faults (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	cluster TEXT NOT NULL,
	at      INTEGER NOT NULL,
	lane    TEXT NOT NULL,
	reason  TEXT NOT NULL,
	detail  TEXT NOT NULL
) STRICT;
CREATE INDEX faults_cluster ON faults (cluster, id);
