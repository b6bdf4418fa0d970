-- Schema 6 brought what is fetched for an incident.
INSERT INTO errands (incident_id, what, due_at, attempts) VALUES (1, 'figures', 1795435200000000000, 0);
INSERT INTO kept (incident_id, what, name, at, body) VALUES (1, 'figures', 'x', 1795435200000000000, '1');
