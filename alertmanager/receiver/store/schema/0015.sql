-- Whom the last message reached by no way.
CREATE TABLE unreached (
  person TEXT PRIMARY KEY,
  body   BLOB NOT NULL
) WITHOUT ROWID;
