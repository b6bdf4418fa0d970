-- Who runs an errand: that of a receiver that has died is another's.
ALTER TABLE errands ADD COLUMN claimed_by TEXT NOT NULL DEFAULT '';
