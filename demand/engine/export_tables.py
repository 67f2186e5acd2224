"""The tables of a run and their columns, in order; grain of each: see its line. One place that says what leaves the pipeline.

`person_id` is a pseudonym everywhere. Money columns end in _cents and are whole cents; a missing amount is null, never 0.
"""

from __future__ import annotations

LINES = """
    extract_id data_source claim_id claim_line_number file_no row_number claim_type person_id payer plan line_of_business
    funding_type
    state claim_start_date claim_end_date service_date place_of_service_code bill_type_code revenue_center_code hcpcs_code modifiers
    units dose dose_unit waste_units role kind molecule family rendering_npi billing_npi facility_npi ordering_npi ndc_code
    paid_date
    file_date paid_cents allowed_cents charge_cents patient_cents diagnosis_codes authorization_id authorization_end_date flags
    infusion_id place site_id site_class is_enrolled
"""
INFUSIONS = """
    person_id service_date molecule family hcpcs_codes site_class site_id ownership payer plan channel channel_confidence dose
    dose_unit
    waste_units allowed_cents paid_cents patient_cents pharmacy_fill_cents ordering_npi attributed attribution_rule
    infusion_id person_no month outcome line_of_business funding_type state market owner payer_affiliation hospital_affiliated
    clinical_line named_npi waits lines lines_without_allowed data_source extract_ids flags
"""
EPISODES = """
    person_id family started_on last_infused_on infusions interval_days new_start first_site_class last_site_class outcome
    outcome_on
    reason from_site_id to_site_id expected_next_on dark
    episode_id person_no clinical_line attributed attribution_rule resolution reason_evidence allowed_gap fixed90 last_molecule
    payer
    line_of_business market end_cause
"""
EXPOSURE = """
    person_id family policy_id verdict exposed_from clauses reasons funding_assumed grace_until expected_from moved_on policy_payer kind status
    likelihood judged_on episode_id person_no payer plan line_of_business market site_id site_class channel started_on treated_until
    active next_expected_on interval_days allowed_per_infusion_cents
"""
RISK = """
    person_id person_no family clinical_line payer line_of_business market site_id site_class started_on last_infused_on
    next_expected_on forecast_on risk risk_certain risk_all months reasons
"""
FACTS = """
    infusion_id month service_date person_no payer plan line_of_business funding_type market family clinical_line site_id site_class
    ownership owner payer_affiliation channel channel_confidence outcome attributed attribution_rule is_headline mechanism reason
    allowed_cents pharmacy_fill_cents mature known_on data_source
"""
LEAKS = """
    kind infusion_id episode_id person_no month leaked_on payer plan line_of_business market family clinical_line mechanism site_id
    site_class ownership owner payer_affiliation reason evidence named_npi specialty relation prescriber_market infusions allowed_cents
    dose_cents mature
"""
OVERDUE = """
    episode_id person_id person_no month payer plan line_of_business market family clinical_line site_id site_class ownership owner
    started_on last_infused_on infusions interval_days expected_next_on due_on resolution evidence dark outcome attribution_rule
    is_headline named_npi specialty relation prescriber_market dose_cents due_source seen_until is_mature has_eligibility enrolled_until
    later_fills has_later_event
"""
MOVES = """
    episode_id person_id person_no family clinical_line is_headline interval_days payer line_of_business market moved_on month
    from_site_id from_site_class from_ownership from_owner to_site_id to_site_class to_ownership to_owner to_payer_affiliation reason
    evidence last_before gap_days is_late npi_before npi_after prescriber_after
"""
DOSE_TIMING = "episode_id person_no family clinical_line payer line_of_business market month doses late missed"
UNADMINISTERED_FILLS = """
    person_id dispensing_date molecule family ndc_code dispensing_provider_npi payer paid_cents allowed_cents data_source
"""
PHARMACY_FILLS = """
    extract_id data_source claim_id claim_line_number person_id payer plan dispensing_date ndc_code molecule family
    self_administered
    prescribing_provider_npi dispensing_provider_npi quantity days_supply paid_date paid_cents allowed_cents patient_cents
"""
ELIGIBILITY = """
    extract_id data_source person_id payer plan line_of_business funding_type payer_type group_id gender birth_date death_date state
    zip_code enrollment_start_date enrollment_end_date
"""
LINE_SHARES = """
    data_source claim_id claim_line_number person_id infusion_id is_main allowed_cents paid_cents patient_cents
"""
SUPPLIES = """
    infusion_id person_id kind confidence is_own_pharmacy dose_no supplied_on molecule family pharmacy_npi fill_cents data_source
    claim_id claim_line_number ndc_code
"""
REJECTS = 'extract kind file row_number outcome rule "column" value message'
# Every row that is not accepted in the end and broke no row rule: what it is, and the row because of which it is that.
ROW_OUTCOMES = """
    kind extract_id file_no row_number outcome rule other_extract_id other_file_no other_row_number
"""
MATURITY = "data_source month lines completion completion_low completion_high mature"

# What is known of the feeds besides maturity, for the quality pages: table -> (columns, order)
ENROLLED_SUMS = """
    lines lines_without people people_without allowed_cents allowed_without_cents paid_cents paid_without_cents
"""
FEEDS = {
    "paid_triangle": ("data_source, month, age, sum(lines)::BIGINT AS lines", "data_source, month, age"),
    "feed_end": ("data_source, paid_through, known_until", "data_source"),
    "filled_payer": ("payer", "payer"),
    "arrivals": (
        "data_source, month, known_month, payer, line_of_business, family, market, outcome, sum(infusions)::BIGINT AS infusions",
        "data_source, month, known_month, payer, line_of_business, family, market, outcome",
    ),
    "enrolled_seen": (
        "extract_id, data_source, " + ", ".join(f"sum({name})::BIGINT AS {name}" for name in ENROLLED_SUMS.split()),
        "extract_id, data_source",
    ),
}

# Written pass by pass: table -> (the stage's table, columns, order within the people of a pass)
FIRST_PASS = {
    "lines": (
        "placed",
        LINES,
        "person_bucket(person_id), person_id, service_date, data_source, claim_id, claim_line_number, line_no",
    ),
    "infusions": ("attributed_infusion", INFUSIONS, "infusion_id"),
    "line_shares": (
        "line_share",
        LINE_SHARES,
        "person_bucket(person_id), person_id, infusion_id, data_source, claim_id, claim_line_number",
    ),
    "supplies": ("infusion_supply", SUPPLIES, "infusion_id, supplied_on, data_source, claim_id, claim_line_number"),
    "unadministered_fills": (
        "unadministered_fill",
        UNADMINISTERED_FILLS,
        "person_bucket(person_id), person_id, dispensing_date, ndc_code, fill_no",
    ),
    "pharmacy_fills": (
        "fill",
        PHARMACY_FILLS,
        "person_bucket(person_id), person_id, dispensing_date, data_source, claim_id, claim_line_number",
    ),
    "eligibility": (
        "eligibility_span",
        ELIGIBILITY,
        "person_bucket(person_id), person_id, enrollment_start_date, payer, plan, data_source, extract_id",
    ),
}
SECOND_PASS = {
    "episodes": ("episode", EPISODES, "episode_id"),
    "facts": ("fact", FACTS, "infusion_id"),
    "leaks": ("leak", LEAKS, "person_no, leaked_on, kind, infusion_id, episode_id"),
    "overdue": ("overdue", OVERDUE, "episode_id"),
    "moves": ("site_move", MOVES, "episode_id, moved_on"),
    "dose_timing": ("dose_timing", DOSE_TIMING, "episode_id"),
}


# What the content hash of a file looks at: all columns, but of the many lines only the key and what the run made of it.
CONTENT = {
    "row_outcomes": "kind, outcome, rule",  # which of two identical rows is the first depends on the order of files
    "lines": "data_source, claim_id, claim_line_number, person_id, payer, role, place, site_id, infusion_id, dose, paid_cents, allowed_cents",
}


# Left in the parts that the passes wrote, one after the other in their order: to write so many rows again would cost more than it gives.
IN_PARTS = {"lines"}


def file_pattern(name: str) -> str:
    """What the table's files in a run's folder are called; several are read in the order of their names."""
    return f"{name}-*.parquet" if name in IN_PARTS else f"{name}.parquet"


def columns(listed: str) -> str:
    """The names as an SQL list."""
    return ", ".join(listed.split())
