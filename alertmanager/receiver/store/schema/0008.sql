-- The receivers that share this database, by PostgreSQL's clock in
-- milliseconds. The one that came first leads.
CREATE TABLE members (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  seen_at INTEGER NOT NULL
);

-- How often any of them has changed what the others look at.
CREATE TABLE changes (
  id     INTEGER PRIMARY KEY,
  number INTEGER NOT NULL
);
INSERT INTO changes (id, number) VALUES (1, 0);

-- Who has a message that is on its way.
ALTER TABLE outbox ADD COLUMN claimed_by TEXT NOT NULL DEFAULT '';
