-- The cause that an incident comes from, and the cause whose messages to one
-- person go in one.
ALTER TABLE incidents ADD COLUMN parent_id INTEGER;
CREATE INDEX incidents_below ON incidents (parent_id) WHERE parent_id IS NOT NULL AND closed_at IS NULL;
ALTER TABLE outbox ADD COLUMN digest INTEGER;
CREATE INDEX outbox_digest ON outbox (digest) WHERE digest IS NOT NULL AND claimed_at IS NULL;
