-- Maintenance windows that were opened once, with the record of who did what.
-- The key is the caller's, with which a repeated request is known again.
CREATE TABLE maintenance (
  id       INTEGER PRIMARY KEY,
  until_at INTEGER NOT NULL,
  body     BLOB NOT NULL,
  key      TEXT UNIQUE,
  request  BLOB
);
CREATE INDEX maintenance_by_end ON maintenance (until_at);
