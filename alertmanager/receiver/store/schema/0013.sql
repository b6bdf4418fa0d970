-- How people want to be reached, as they said on the board; from which number on
-- the addresses of calendars are good; and which sessions were logged out
-- before their time.
CREATE TABLE profiles (
  person TEXT PRIMARY KEY,
  body   BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE feeds (
  feed    TEXT PRIMARY KEY,
  edition INTEGER NOT NULL,
  open    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE ended_sessions (
  session  TEXT PRIMARY KEY,
  until_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX ended_sessions_by_end ON ended_sessions (until_at);
