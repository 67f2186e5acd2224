-- Typed rows of one load -> candidate rows with their codes spelled one way. Grain: one row per row that passed the row rules.
-- in:  the Parquet files that typed_eligibility.sql made     out: file_no, row_number (the physical line) and the columns below
-- A file that was read as it lay has one record a line, the header first: the record's place then gives the line.
-- enrollment_end_date is the last day covered.
SELECT
    file_no,
    coalesce(physical_line, file_row_number + 2) AS row_number,
    data_source,
    person_id,
    payer,
    plan,
    enrollment_start_date,
    enrollment_end_date,
    lower(gender) AS gender,
    birth_date,
    death_date,
    payer_type,
    group_id,
    state,
    zip_code,
    lower(funding_type) AS funding_type,
    file_date,
    nullif(concat_ws(';',
        CASE WHEN enrollment_start_date < DATE '1900-01-01' THEN 'DATE_RANGE' END,
        CASE WHEN enrollment_end_date < enrollment_start_date THEN 'END_BEFORE_START' END,
        CASE WHEN NOT regexp_full_match(zip_code, '[0-9]{5}(-?[0-9]{4})?') THEN 'ZIP_INVALID' END,
        CASE WHEN greatest(birth_date, death_date) > horizon THEN 'FUTURE_DATE' END,
        CASE WHEN lower(funding_type) NOT IN ('insured', 'self_funded', 'government', 'unknown') THEN 'FUNDING_TYPE_INVALID' END
    ), '') AS flags
FROM read_parquet({files}, file_row_number = true, hive_partitioning = false)
WHERE reject IS NULL AND {rows}
