-- What providers have posted, by its name there, so that it counts once however
-- often it comes; and when the newest happened of what happens to one thing in
-- a tool, so that what is older undoes nothing.
CREATE TABLE callbacks (
  source TEXT NOT NULL,
  id     TEXT NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX callbacks_by_time ON callbacks (at);
