"""A kind of claims file -> the columns we read, which of them a file needs, and the other names they go by.

Names follow the Tuva Input Layer. A column that is not named here is never read and never stored: names, addresses,
telephone numbers, social security and member numbers stay in the upload.
"""

from __future__ import annotations

from dataclasses import dataclass

MEDICAL, PHARMACY, ELIGIBILITY = "medical", "pharmacy", "eligibility"

SYNONYMS = {"patient_id": "person_id"}


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(1, count + 1))


MODIFIERS = _numbered("hcpcs_modifier", 5)
DIAGNOSES = _numbered("diagnosis_code", 25)
PROCEDURES = _numbered("procedure_code", 25)


@dataclass(frozen=True)
class Kind:
    """`columns` are read where present. A file without one of `needed` is refused, a row with a blank in `row_needed` rejected."""

    name: str
    title: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    row_needed: tuple[str, ...]


KINDS: dict[str, Kind] = {
    MEDICAL: Kind(
        name=MEDICAL,
        title="medical claims",
        columns=(
            "claim_id", "claim_line_number", "claim_type", "person_id", "payer", "plan",
            "claim_start_date", "claim_end_date", "claim_line_start_date",
            "place_of_service_code", "bill_type_code", "revenue_center_code", "service_unit_quantity",
            "hcpcs_code", *MODIFIERS, "rendering_npi", "billing_npi", "facility_npi", "ordering_npi", "billing_tin",
            "ndc_code", "paid_date", "file_date", "paid_amount", "allowed_amount", "charge_amount",
            "coinsurance_amount", "copayment_amount", "deductible_amount",
            "diagnosis_code_type", *DIAGNOSES, *PROCEDURES, "in_network_flag",
            "authorization_id", "authorization_end_date", "data_source",
        ),
        needed=("claim_id", "claim_line_number", "person_id", "claim_start_date", "hcpcs_code"),
        row_needed=("claim_id", "claim_line_number", "person_id", "claim_start_date"),
    ),
    PHARMACY: Kind(
        name=PHARMACY,
        title="pharmacy claims",
        columns=(
            "claim_id", "claim_line_number", "person_id", "payer", "plan",
            "prescribing_provider_npi", "dispensing_provider_npi", "dispensing_date", "ndc_code", "quantity", "days_supply",
            "paid_date", "file_date", "paid_amount", "allowed_amount", "charge_amount",
            "coinsurance_amount", "copayment_amount", "deductible_amount", "data_source",
        ),
        needed=("claim_id", "claim_line_number", "person_id", "dispensing_date", "ndc_code"),
        row_needed=("claim_id", "claim_line_number", "person_id", "dispensing_date"),
    ),
    ELIGIBILITY: Kind(
        name=ELIGIBILITY,
        title="eligibility",
        columns=(
            "person_id", "gender", "birth_date", "death_date", "enrollment_start_date", "enrollment_end_date",
            "payer", "payer_type", "plan", "group_id", "state", "zip_code", "funding_type", "file_date", "data_source",
        ),
        needed=("person_id", "enrollment_start_date"),
        row_needed=("person_id", "enrollment_start_date"),
    ),
}  # fmt: skip

# Kept byte for byte (a payer's name is the payer's own spelling); every other column is a code, a date or a number.
AS_WRITTEN = frozenset({"payer", "plan", "payer_type", "group_id", "state"})

# Columns whose cells identify a person: their values never appear in a message.
IDENTIFYING = frozenset(
    {
        "person_id", "patient_id", "member_id", "subscriber_id", "first_name", "middle_name", "last_name", "name_suffix",
        "social_security_number", "ssn", "address", "phone", "email", "birth_date", "mrn", "name",
    }
)  # fmt: skip

# Tuva columns that we know and leave out on purpose: no warning about them.
_TUVA_MEDICAL = (
    "member_id", "claim_line_end_date", "admission_date", "discharge_date", "admit_source_code", "admit_type_code",
    "discharge_disposition_code", "ms_drg_code", "apr_drg_code", "drg_code", "drg_code_type", "drg_description",
    "total_cost_amount", "procedure_code_type", *_numbered("procedure_date", 25), *_numbered("diagnosis_poa", 25),
    "rendering_tin", "facility_tin", "billing_name", "rendering_name", "facility_name", "file_name", "ingest_datetime",
)  # fmt: skip
_TUVA_PHARMACY = ("member_id", "refills", "in_network_flag", "file_name", "ingest_datetime")
_TUVA_ELIGIBILITY = (
    "member_id", "subscriber_id", "race", "death_flag", "original_reason_entitlement_code", "dual_status_code",
    "medicare_status_code", "enrollment_status", "hospice_flag", "institutional_snp_flag", "long_term_institutional_flag",
    "group_name", "name_suffix", "first_name", "middle_name", "last_name", "social_security_number", "subscriber_relation",
    "address", "city", "phone", "email", "ethnicity", "file_name", "ingest_datetime",
)  # fmt: skip
LEFT_OUT: dict[str, frozenset[str]] = {
    MEDICAL: frozenset(_TUVA_MEDICAL),
    PHARMACY: frozenset(_TUVA_PHARMACY),
    ELIGIBILITY: frozenset(_TUVA_ELIGIBILITY),
}


def plain(name: str) -> str:
    """A header cell without what nobody sees: blanks around it, letter case, a byte order mark, a zero-width space."""
    return "".join(character for character in name if character.isprintable()).strip().lower()


def canonical(name: str) -> str:
    """A header cell -> the column it names."""
    return SYNONYMS.get(plain(name), plain(name))


def kinds_that_fit(names: set[str]) -> list[Kind]:
    """Kinds whose needed columns all stand among these canonical names, the most specific first."""
    fitting = [kind for kind in KINDS.values() if set(kind.needed) <= names]
    return sorted(fitting, key=lambda kind: -len(names & set(kind.columns)))
