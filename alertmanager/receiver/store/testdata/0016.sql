-- Schema 16 brought calendars that are fetched.
INSERT INTO calendars (address, changed_at, fetched_at, etag, modified, body)
VALUES ('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 1795435200000000000, 1795435260000000000, '"7"', 'Mon, 23 Nov 2026 12:00:00 GMT', 'BEGIN:VCALENDAR');
