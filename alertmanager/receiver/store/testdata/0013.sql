-- Schema 13 brought profiles, editions of calendars' addresses and the sessions that were logged out.
INSERT INTO profiles (person, body) VALUES ('asha', '{"person":"asha","at":"2026-11-23T12:00:00Z","contacts":{"phone":"+44 7700 900000"},"order":["voice"]}');
INSERT INTO feeds (feed, edition, open) VALUES ('person asha', 2, 1);
INSERT INTO ended_sessions (session, until_at) VALUES ('S1', 1795435200000000000);
