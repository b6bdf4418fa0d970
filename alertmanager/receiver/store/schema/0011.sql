-- What is over, in short, for finding it and for counting. It is made of
-- incidents and their events, and made anew where it is missing.
CREATE TABLE history (
  incident_id INTEGER PRIMARY KEY,
  closed_at   INTEGER NOT NULL,
  service     TEXT NOT NULL,
  team        TEXT NOT NULL,
  audience    TEXT NOT NULL,
  severity    TEXT NOT NULL,
  drill       INTEGER NOT NULL,
  words       TEXT NOT NULL,
  body        BLOB NOT NULL
);
CREATE INDEX history_by_end ON history (closed_at, incident_id);
CREATE INDEX history_by_service ON history (service, closed_at);
