-- +goose Up

CREATE TABLE audio (
	sha256          TEXT PRIMARY KEY, -- of the station file
	size            INTEGER NOT NULL,
	samples         INTEGER NOT NULL, -- at 48 kHz
	bitrate         INTEGER NOT NULL,
	music           INTEGER NOT NULL,
	original_sha256 TEXT NOT NULL,
	original_size   INTEGER NOT NULL,
	original_name   TEXT NOT NULL,
	loudness_in     REAL NOT NULL, -- LUFS
	peak_in         REAL NOT NULL, -- dBTP
	gain            REAL NOT NULL, -- dB
	loudness_out    REAL NOT NULL,
	peak_out        REAL NOT NULL,
	added_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX audio_added ON audio (added_at);

CREATE TABLE bulletins (
	id                TEXT PRIMARY KEY,
	revision          INTEGER NOT NULL,
	title             TEXT NOT NULL,
	text              TEXT NOT NULL, -- JSON: language to text
	class             TEXT NOT NULL,
	valid_from        INTEGER NOT NULL,
	valid_until       INTEGER NOT NULL,
	author            TEXT NOT NULL,
	state             TEXT NOT NULL,
	created_at        INTEGER NOT NULL,
	changed_at        INTEGER NOT NULL,
	order_hash        TEXT NOT NULL, -- empty: never approved
	approved_revision INTEGER NOT NULL
) STRICT;
CREATE INDEX bulletins_changed ON bulletins (changed_at);

CREATE TABLE bulletin_areas (
	bulletin TEXT NOT NULL REFERENCES bulletins (id),
	position INTEGER NOT NULL,
	area     TEXT NOT NULL,
	PRIMARY KEY (bulletin, position)
) STRICT;
CREATE INDEX bulletin_areas_area ON bulletin_areas (area);

CREATE TABLE bulletin_audio (
	bulletin TEXT NOT NULL REFERENCES bulletins (id),
	language TEXT NOT NULL,
	sha256   TEXT NOT NULL REFERENCES audio (sha256),
	PRIMARY KEY (bulletin, language)
) STRICT;
CREATE INDEX bulletin_audio_sha256 ON bulletin_audio (sha256);
