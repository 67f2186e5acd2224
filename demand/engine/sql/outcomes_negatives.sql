-- Candidate rows -> the events (person, code, day, provider) in which a negative row stands. Grain: one row per event.
-- in:  candidate     out: negative_event (event_hash, person_id)
CREATE OR REPLACE TEMP TABLE negative_event AS
SELECT DISTINCT event_hash, person_id
FROM candidate
WHERE units < 0 OR paid < 0 OR allowed < 0 OR charge < 0 OR patient < 0;
