-- Schema 10 brought the turns of rotas.
INSERT INTO turns (rota, body) VALUES ('shop', '{"rota":"shop","person":"asha","since":"2026-11-23T12:00:00Z","told":true}');
