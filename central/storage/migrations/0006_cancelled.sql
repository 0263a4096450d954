-- +goose Up

-- A board says that an alert was cancelled, by a cancel that central has not.
ALTER TABLE floors ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
