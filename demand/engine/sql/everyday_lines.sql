-- Accepted lines of people who are not looked into -> their rows of `lines`. Grain: one row per accepted line; none is added or lost.
-- in:  accepted_line, looked_into, everyday_span, span_term     out: one SELECT, written to Parquet as it is read
-- What roles.sql says of a line, where no code is known and at most one span covers the day.
SELECT
    line.* EXCLUDE (payer, plan, line_of_business, funding_type, state, flags),
    coalesce(line.payer, span_term.payer, 'unknown') AS payer,
    coalesce(line.plan, span_term.plan, 'unknown') AS plan,
    coalesce(nullif(line.line_of_business, 'unknown'), span_term.line_of_business, 'unknown') AS line_of_business,
    coalesce(nullif(line.funding_type, 'unknown'), span_term.funding_type, 'unknown') AS funding_type,
    coalesce(line.state, span_term.state) AS state,
    NULL::DOUBLE AS dose, NULL::VARCHAR AS dose_unit, NULL::DOUBLE AS waste_units,
    'other' AS role, NULL::VARCHAR AS kind, NULL::VARCHAR AS molecule, NULL::VARCHAR AS family,
    NULL::BIGINT AS infusion_id, NULL::VARCHAR AS place, NULL::VARCHAR AS site_id, NULL::VARCHAR AS site_class,
    coalesce(line.flags, '') AS flags, span.person_id IS NOT NULL AS is_enrolled
FROM accepted_line AS line
ANTI JOIN looked_into USING (person_id)
LEFT JOIN everyday_span AS span
    ON span.person_id = line.person_id AND line.service_date >= span.starts_on AND line.service_date <= span.ends_on
LEFT JOIN span_term ON span_term.term = span.term
