-- Raw eligibility rows (all text) -> typed candidate spans. Grain: one row per row read, in the order of the file.
-- in:  raw (the canonical columns as text, blank is NULL; given_reject, physical_line), person (person_id, pseudonym)
-- out: one SELECT, written to Parquet. `reject` is 'RULE column' where a row rule failed, else NULL.
--      enrollment_end_date is the last day covered.
WITH typed AS (
    SELECT
        *,
        read_day(enrollment_start_date) AS start_day,
        read_day(enrollment_end_date) AS end_day,
        read_day(birth_date) AS birth_day,
        read_day(death_date) AS death_day,
        read_day(file_date) AS file_day
    FROM raw
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
    data_source,
    person.pseudonym AS person_id,
    payer,
    plan,
    start_day AS enrollment_start_date,
    end_day AS enrollment_end_date,
    lower(gender) AS gender,
    birth_day AS birth_date,
    death_day AS death_date,
    payer_type,
    group_id,
    state,
    zip_code,
    lower(funding_type) AS funding_type,
    file_day AS file_date,
    blank_to_null(concat_ws(';',
        CASE WHEN odd_day(start_day) THEN 'DATE_RANGE' END,
        CASE WHEN end_day < start_day THEN 'END_BEFORE_START' END,
        CASE WHEN after_horizon(birth_day) OR after_horizon(death_day) THEN 'FUTURE_DATE' END,
        CASE WHEN funding_type IS NOT NULL AND lower(funding_type) NOT IN ('insured', 'self_funded', 'government', 'unknown')
             THEN 'FUNDING_TYPE_INVALID' END
    )) AS flags
FROM ruled
LEFT JOIN person USING (person_id)
