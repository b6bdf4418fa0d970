-- What people entered into rotas, with the record of who did what.
CREATE TABLE rota_entries (
  id       INTEGER PRIMARY KEY,
  until_at INTEGER NOT NULL,
  body     BLOB NOT NULL
);
CREATE INDEX rota_entries_by_end ON rota_entries (until_at);
