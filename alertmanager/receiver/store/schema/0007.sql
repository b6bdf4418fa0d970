-- Exercises, which never join what is real.
ALTER TABLE incidents ADD COLUMN drill INTEGER NOT NULL DEFAULT 0;
