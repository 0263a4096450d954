-- +goose Up

CREATE TABLE passwords (
	person TEXT PRIMARY KEY REFERENCES persons (id),
	hash   TEXT NOT NULL, -- PHC string
	set_at INTEGER NOT NULL
) STRICT;

-- Keys that their persons proposed and nobody confirmed: apart from
-- person_keys, so that nothing made from those can hold one.
CREATE TABLE proposed_keys (
	person      TEXT NOT NULL REFERENCES persons (id),
	id          TEXT NOT NULL,
	scheme      TEXT NOT NULL,
	public      BLOB NOT NULL,
	proposed_at INTEGER NOT NULL,
	PRIMARY KEY (person, id)
) STRICT;

CREATE TABLE invitations (
	id         TEXT PRIMARY KEY,
	sha256     BLOB NOT NULL,
	first      INTEGER NOT NULL, -- 1: whoever comes is the first administrator
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	used_at    INTEGER
) STRICT;

CREATE TABLE invitation_persons (
	invitation TEXT NOT NULL REFERENCES invitations (id),
	person     TEXT NOT NULL REFERENCES persons (id),
	PRIMARY KEY (invitation, person)
) STRICT;
CREATE INDEX invitation_persons_person ON invitation_persons (person);

CREATE TABLE sessions (
	token      TEXT PRIMARY KEY, -- hashed
	data       BLOB NOT NULL,
	expires_at INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_expires ON sessions (expires_at);
