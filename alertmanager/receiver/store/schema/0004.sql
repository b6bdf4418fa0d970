-- Alerts that other systems raised, as they are posted to Alertmanager until
-- they are over. One that has ended stays for a while: what comes late must
-- not raise it again.
CREATE TABLE inbound (
  id         INTEGER PRIMARY KEY,
  source     TEXT NOT NULL,
  key        TEXT NOT NULL,
  starts_at  INTEGER NOT NULL,
  ends_at    INTEGER,
  expires_at INTEGER,
  changed_at INTEGER NOT NULL,
  body       BLOB NOT NULL
);
CREATE INDEX inbound_by_key ON inbound (source, key, id);
CREATE INDEX inbound_firing ON inbound (source) WHERE ends_at IS NULL;
CREATE INDEX inbound_by_change ON inbound (changed_at);

-- The ids of their messages, so that one that comes twice counts once.
CREATE TABLE inbound_messages (
  source TEXT NOT NULL,
  id     TEXT NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX inbound_messages_by_time ON inbound_messages (at);
