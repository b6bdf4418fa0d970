-- Schema 11 brought the history.
INSERT INTO history (incident_id, closed_at, service, team, audience, severity, drill, words, body)
VALUES (77, 1795435200000000000, 'shop', 'shop', 'users', 'critical', 0, 'shop is gone', '{"id":77,"service":"shop","team":"shop","audience":"users","severity":"critical","title":"shop is gone","opened":"2026-11-23T11:00:00Z","closed":"2026-11-23T12:00:00Z"}');
