-- +goose Up

CREATE TABLE programmes (
	id       TEXT PRIMARY KEY,
	revision INTEGER NOT NULL,
	area     TEXT NOT NULL,
	content  TEXT NOT NULL -- JSON of planner.Programme
) STRICT;
CREATE INDEX programmes_area ON programmes (area);
