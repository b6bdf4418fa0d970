-- What is to be fetched for an incident, each thing once at a time.
CREATE TABLE errands (
  incident_id INTEGER NOT NULL,
  what        TEXT NOT NULL,
  due_at      INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  PRIMARY KEY (incident_id, what)
) WITHOUT ROWID;
CREATE INDEX errands_due ON errands (what, due_at);

-- What was fetched, so that it is there after its source has dropped it.
CREATE TABLE kept (
  incident_id INTEGER NOT NULL,
  what        TEXT NOT NULL,
  name        TEXT NOT NULL,
  at          INTEGER NOT NULL,
  body        BLOB NOT NULL,
  PRIMARY KEY (incident_id, what, name)
);
