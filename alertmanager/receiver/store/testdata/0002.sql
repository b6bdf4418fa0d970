-- Schema 2 brought maintenance windows.
INSERT INTO maintenance (id, until_at, body, key, request) VALUES (1, 1795438800000000000,
  '{"id":1,"services":["shop"],"reason":"work","from":"2026-11-23T12:00:00Z","until":"2026-11-23T13:00:00Z","acts":[]}', 'key', 'request');
