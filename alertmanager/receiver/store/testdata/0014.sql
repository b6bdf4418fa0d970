-- Schema 14 brought what providers have posted.
INSERT INTO callbacks (source, id, at) VALUES ('twilio', 'SM0123456789abcdef0123456789abcdef', 1795435200000000000);
