-- Whose turn each rota was in when it was looked at last, and whether the person
-- has been told.
CREATE TABLE turns (
  rota TEXT PRIMARY KEY,
  body BLOB NOT NULL
) WITHOUT ROWID;
