-- What the calendars that are fetched held last, by the digest of their address,
-- which is a secret: since when, and when that was so last.
CREATE TABLE calendars (
  address    TEXT PRIMARY KEY,
  changed_at INTEGER NOT NULL,
  fetched_at INTEGER NOT NULL,
  etag       TEXT NOT NULL,
  modified   TEXT NOT NULL,
  body       BLOB NOT NULL
);
CREATE INDEX calendars_by_time ON calendars (fetched_at);
