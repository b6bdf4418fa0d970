-- Schema 15 brought people whom the last message reached by no way.
INSERT INTO unreached (person, body) VALUES ('asha', '{"person":"asha","at":"2026-11-23T12:00:00Z","why":"by push: it answers 404"}');
