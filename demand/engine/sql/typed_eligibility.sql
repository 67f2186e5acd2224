-- Raw eligibility rows (all text) -> typed rows. Grain: one row per row read, in the order of the file.
-- in:  raw (the canonical columns as text, blank is NULL; given_reject, physical_line), variables horizon (the last day that
--      a service can have been on) and pseudonym_secret. No join, no window: rows must keep their order.
-- out: one SELECT, written to Parquet. `reject` is 'RULE column' where a row rule failed, else NULL. Codes stay as they were
--      written: candidate_eligibility.sql spells them, at no cost, because Parquet keeps each spelling once.
--      enrollment_end_date is the last day covered. A birth date is never shown in a message.
WITH cast_text AS (
    SELECT
        *,
        as_day(enrollment_start_date) AS start_day_cast,
        as_day(enrollment_end_date) AS end_day_cast,
        as_day(birth_date) AS birth_day_cast,
        as_day(death_date) AS death_day_cast,
        as_day(file_date) AS file_day_cast
    FROM raw
),
typed AS (
    SELECT
        *,
        sure_day(enrollment_start_date, start_day_cast) AS start_day,
        sure_day(enrollment_end_date, end_day_cast) AS end_day,
        sure_day(birth_date, birth_day_cast) AS birth_day,
        sure_day(death_date, death_day_cast) AS death_day,
        sure_day(file_date, file_day_cast) AS file_day
    FROM cast_text
),
ruled AS (
    SELECT
        *,
        CASE
            WHEN given_reject IS NOT NULL THEN given_reject
            WHEN person_id IS NULL THEN 'REQUIRED_EMPTY person_id'
            WHEN enrollment_start_date IS NULL THEN 'REQUIRED_EMPTY enrollment_start_date'
            WHEN data_source IS NULL THEN 'REQUIRED_EMPTY data_source'
            WHEN bad_day(enrollment_start_date, start_day) THEN 'BAD_DATE enrollment_start_date'
            WHEN bad_day(enrollment_end_date, end_day) THEN 'BAD_DATE enrollment_end_date'
            WHEN bad_day(birth_date, birth_day) THEN 'BAD_DATE birth_date'
            WHEN bad_day(death_date, death_day) THEN 'BAD_DATE death_date'
            WHEN bad_day(file_date, file_day) THEN 'BAD_DATE file_date'
        END AS reject
    FROM typed
)
SELECT
    reject,
    CASE WHEN reject IS NOT NULL THEN CASE reject
        WHEN 'BAD_DATE enrollment_start_date' THEN shown_day(enrollment_start_date)
        WHEN 'BAD_DATE enrollment_end_date' THEN shown_day(enrollment_end_date)
        WHEN 'BAD_DATE death_date' THEN shown_day(death_date)
        WHEN 'BAD_DATE file_date' THEN shown_day(file_date)
    END END AS reject_value,
    physical_line,
    getvariable('horizon') AS horizon,
    data_source,
    {pseudonym} AS person_id,
    payer,
    plan,
    start_day AS enrollment_start_date,
    end_day AS enrollment_end_date,
    gender,
    birth_day AS birth_date,
    death_day AS death_date,
    payer_type,
    group_id,
    state,
    zip_code,
    funding_type,
    file_day AS file_date
FROM ruled
