-- Schema 5 brought entries of rotas.
INSERT INTO rota_entries (id, until_at, body) VALUES (1, 1795438800000000000,
  '{"id":1,"kind":"absent","person":"asha","from":"2026-11-23T12:00:00Z","until":"2026-11-23T13:00:00Z","acts":[]}');
