-- Rows as schema 1 had them: an open incident with its events and a message
-- that waits, one that was claimed, and a closed incident.
INSERT INTO meta (name, value) VALUES ('acknowledge', '0123456789abcdef0123456789abcdef');
INSERT INTO notifications (received_at, source, receiver, group_key, alerts, truncated, body) VALUES (1795435200000000000, 'am', 'tocsin', 'g', 1, 0, '{"version":"4"}');
INSERT INTO incidents (id, service, audience, opened_at, closed_at, due_at, state) VALUES (1, 'shop', 'users', 1795435200000000000, NULL, 1795435260000000000,
  '{"id":1,"service":"shop","audience":"users","team":"shop","catalogued":true,"severity":"critical","opened":"2026-11-23T12:00:00Z","since":"2026-11-23T12:00:00Z","alerts":[{"source":"am","fingerprint":"shop","starts_at":"2026-11-23T12:00:00Z","received_at":"2026-11-23T12:00:00Z","labels":{"audience":"users","service":"shop","severity":"critical"}}],"paging":{"step":0,"due":"2026-11-23T12:01:00Z"},"messages":[{"number":1,"kind":"opened","at":"2026-11-23T12:00:00Z","to":["on_call","owner"],"ways":["email","push"],"news":"ServiceDown fires"}],"sequence":2}');
INSERT INTO incidents (id, service, audience, opened_at, closed_at, due_at, state) VALUES (2, 'till', 'developers', 1795431600000000000, 1795433400000000000, NULL,
  '{"id":2,"service":"till","audience":"developers","team":"shop","catalogued":true,"severity":"warning","opened":"2026-11-23T11:00:00Z","since":"2026-11-23T11:00:00Z","closed":"2026-11-23T11:30:00Z","closed_by":"resolved","alerts":[],"paging":{"step":0},"sequence":0}');
INSERT INTO events (incident_id, sequence, at, kind, body) VALUES (1, 1, 1795435200000000000, 'opened',
  '{"incident":1,"at":"2026-11-23T12:00:00Z","kind":"opened","key":{"service":"shop","audience":"users"}}');
INSERT INTO events (incident_id, sequence, at, kind, body) VALUES (1, 2, 1795435200000000000, 'message_queued',
  '{"incident":1,"at":"2026-11-23T12:00:00Z","kind":"message_queued","message":{"number":1,"kind":"opened","at":"2026-11-23T12:00:00Z","to":["on_call","owner"],"ways":["email","push"]}}');
INSERT INTO occurrences (source, fingerprint, starts_at, ended_at, removed) VALUES ('am', 'early', 1795428000000000000, 1795431600000000000, 0);
INSERT INTO outbox (incident_id, message, recipient, way, attempts, created_at, due_at, claimed_at) VALUES (1, 1, '', '', 0, 1795435200000000000, 1795435200000000000, NULL);
INSERT INTO outbox (incident_id, message, recipient, way, attempts, created_at, due_at, claimed_at) VALUES (1, 1, 'asha', 'push', 1, 1795435200000000000, 1795435200000000000, 1795435200000000000);
INSERT INTO beats (source, at) VALUES ('am', 1795435200000000000);
