-- Instants are nanoseconds since 1970, so that they sort and compare.

-- What belongs to the whole: secrets that nobody configures.
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- Every notification as it came, before anything was made of it.
CREATE TABLE notifications (
  id          INTEGER PRIMARY KEY,
  received_at INTEGER NOT NULL,
  source      TEXT NOT NULL,
  receiver    TEXT NOT NULL,
  group_key   TEXT NOT NULL,
  alerts      INTEGER NOT NULL,
  truncated   INTEGER NOT NULL,
  body        BLOB NOT NULL
);
CREATE INDEX notifications_by_time ON notifications (received_at);

-- An incident as it is after its last event; the columns are for finding it.
CREATE TABLE incidents (
  id        INTEGER PRIMARY KEY,
  service   TEXT NOT NULL,
  audience  TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  due_at    INTEGER,
  state     BLOB NOT NULL
);
CREATE INDEX incidents_by_key ON incidents (service, audience, id);
CREATE INDEX incidents_due ON incidents (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX incidents_open ON incidents (id) WHERE closed_at IS NULL;
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE events (
  incident_id INTEGER NOT NULL,
  sequence    INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  body        BLOB NOT NULL,
  PRIMARY KEY (incident_id, sequence)
) WITHOUT ROWID;

-- How occurrences of alerts ended: a late notification must not revive them.
CREATE TABLE occurrences (
  source      TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  starts_at   INTEGER NOT NULL,
  ended_at    INTEGER NOT NULL,
  removed     INTEGER NOT NULL,
  PRIMARY KEY (source, fingerprint, starts_at)
) WITHOUT ROWID;
CREATE INDEX occurrences_by_end ON occurrences (ended_at);

-- What is still to be sent. A row without a recipient names roles, in the
-- incident's message; the claim finds out whom they mean and makes a row each.
CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY,
  incident_id INTEGER NOT NULL,
  message     INTEGER NOT NULL,
  recipient   TEXT NOT NULL,
  way         TEXT NOT NULL,
  attempts    INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  due_at      INTEGER NOT NULL,
  claimed_at  INTEGER
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE claimed_at IS NULL;

-- When each source's watchdog was heard last.
CREATE TABLE beats (
  source TEXT PRIMARY KEY,
  at     INTEGER NOT NULL
) WITHOUT ROWID;
