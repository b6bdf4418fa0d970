-- Schema 3 brought causes and digests.
INSERT INTO incidents (id, service, audience, opened_at, closed_at, due_at, parent_id, state) VALUES (3, 'web', 'users', 1795435200000000000, NULL, NULL, 1,
  '{"id":3,"service":"web","audience":"users","team":"shop","catalogued":true,"severity":"critical","opened":"2026-11-23T12:00:00Z","since":"2026-11-23T12:00:00Z","alerts":[],"parent":1,"paging":{"step":0},"sequence":0}');
INSERT INTO outbox (incident_id, message, recipient, way, attempts, created_at, due_at, claimed_at, digest) VALUES (3, 1, '', '', 0, 1795435200000000000, 1795435260000000000, NULL, 1);
