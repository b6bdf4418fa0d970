-- Schema 9 brought the audit.
INSERT INTO audit (id, at, incident_id, body) VALUES ('first', 1795435200000000000, 1, '{"who":"asha","what":"note"}');
