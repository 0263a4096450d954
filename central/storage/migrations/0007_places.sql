-- +goose Up

-- Where a cluster stands, in degrees; 0, 0 is not known.
ALTER TABLE clusters ADD COLUMN latitude REAL NOT NULL DEFAULT 0;
ALTER TABLE clusters ADD COLUMN longitude REAL NOT NULL DEFAULT 0;

CREATE TABLE stations (
	area TEXT PRIMARY KEY REFERENCES areas (code),
	name TEXT NOT NULL
) STRICT;
