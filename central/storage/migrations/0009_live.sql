-- +goose Up

-- Whether a cluster was online when the picture was kept, since when each of its
-- faults stands (JSON: part to ms), and since when its clock is not trusted.
ALTER TABLE pictures ADD COLUMN online INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pictures ADD COLUMN fault_since TEXT NOT NULL DEFAULT '{}';
ALTER TABLE pictures ADD COLUMN untrusted_since INTEGER;

-- When clusters came and went, and what was wrong with them, by central's clock.
CREATE TABLE history (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	cluster TEXT NOT NULL,
	at      INTEGER NOT NULL,
	kind    TEXT NOT NULL, -- offline, online, fault, recovered
	part    TEXT NOT NULL,
	detail  TEXT NOT NULL
) STRICT;
CREATE INDEX history_cluster ON history (cluster, id);
CREATE INDEX history_at ON history (at);

-- The last run of every cluster that its sensors judged. Deriving it from runs
-- takes seconds.
CREATE TABLE verdicts (
	cluster    TEXT PRIMARY KEY,
	epoch      TEXT NOT NULL,
	sequence   INTEGER NOT NULL,
	at         INTEGER NOT NULL,
	order_hash TEXT NOT NULL,
	occurrence TEXT NOT NULL,
	output     TEXT NOT NULL,
	kind       TEXT NOT NULL,
	mode       TEXT NOT NULL,
	subject    TEXT NOT NULL,
	verdict    TEXT NOT NULL,
	detail     TEXT NOT NULL
) STRICT;

CREATE INDEX runs_cluster ON runs (cluster, at);

CREATE INDEX orders_alerts ON orders (until) WHERE kind = 'alert';

-- Counts changes of what is kept in memory, so that every process on this file
-- sees what any of them changed. See kept.go.
CREATE TABLE changes (
	what TEXT PRIMARY KEY,
	n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO changes (what, n) VALUES ('areas', 0), ('clusters', 0), ('devices', 0);
-- +goose StatementBegin
CREATE TRIGGER areas_insert_counts AFTER INSERT ON areas
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'areas'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER areas_update_counts AFTER UPDATE ON areas
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'areas'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER areas_delete_counts AFTER DELETE ON areas
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'areas'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clusters_insert_counts AFTER INSERT ON clusters
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clusters_update_counts AFTER UPDATE ON clusters
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clusters_delete_counts AFTER DELETE ON clusters
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_also_insert_counts AFTER INSERT ON cluster_also
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_also_update_counts AFTER UPDATE ON cluster_also
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_also_delete_counts AFTER DELETE ON cluster_also
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_neighbours_insert_counts AFTER INSERT ON cluster_neighbours
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_neighbours_update_counts AFTER UPDATE ON cluster_neighbours
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_neighbours_delete_counts AFTER DELETE ON cluster_neighbours
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'clusters'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER devices_insert_counts AFTER INSERT ON devices
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'devices'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER devices_update_counts AFTER UPDATE ON devices
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'devices'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER devices_delete_counts AFTER DELETE ON devices
BEGIN UPDATE changes SET n = n + 1 WHERE what = 'devices'; END;
-- +goose StatementEnd
