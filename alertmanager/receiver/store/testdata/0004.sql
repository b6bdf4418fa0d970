-- Schema 4 brought alerts from elsewhere.
INSERT INTO inbound (source, key, starts_at, ends_at, expires_at, changed_at, body) VALUES ('azure', 'disk', 1795435200000000000, NULL, NULL, 1795435200000000000, '{"labels":{"service":"shop"}}');
INSERT INTO inbound_messages (source, id, at) VALUES ('azure', '1', 1795435200000000000);
