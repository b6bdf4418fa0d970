-- Who did what on the board, when and from where.
CREATE TABLE audit (
  id          TEXT PRIMARY KEY,
  at          INTEGER NOT NULL,
  incident_id INTEGER,
  body        BLOB NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_incident ON audit (incident_id, at) WHERE incident_id IS NOT NULL;
