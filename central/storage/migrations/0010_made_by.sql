-- +goose Up

-- Who made a token or an invitation: when its person is given a wider role, it
-- lasts only if that one may give this role. The audit chain knows of those that
-- are there.
ALTER TABLE tokens ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
UPDATE tokens SET made_by = audit.person FROM audit WHERE audit.action = 'token.add' AND audit.subject = tokens.id;
UPDATE invitations SET made_by = audit.person FROM audit WHERE audit.action = 'invitation.add' AND audit.subject = invitations.id;
