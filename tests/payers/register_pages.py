"""What tests of the register's pages share: a signed-in manager, the drug reference, a form that is filled in."""

from payers.models import DrugCode, DrugFamily

FORM = {
    "policy_id": "EX-1", "payer": "Example Health Plan", "kind": "site_of_care", "title": "Notice of 3 March",
    "lines_of_business": ["commercial"], "funding": ["insured"], "states": "", "plans_in": "", "plans_out": "",
    "age_min": "18", "age_max": "", "drugs": ["families:infliximab"], "codes": "",
    "excluded_site_classes": ["hopd_on_campus", "hopd_off_campus"], "drug_source": "",
    "starts": "new_starts", "grace_doses": "2", "grace_days": "30", "grace_combine": "first", "restart_gap_days": "180",
    "access_miles": "", "effective_from": "2026-01-01", "effective_to": "", "status": "in_force", "likelihood": "",
    "url": "", "retrieved": "", "missing": "", "note": "", "seen": "0", "save": "1",
    "examples-TOTAL_FORMS": "1", "examples-INITIAL_FORMS": "0",
    "examples-0-drug": "J1745", "examples-0-site_class": "hopd_on_campus", "examples-0-person_age": "40",
    "examples-0-line_of_business": "commercial", "examples-0-funding": "insured",
    "examples-0-treatment_start": "2026-01-10", "examples-0-as_of": "2026-03-01", "examples-0-verdict": "exposed",
    "examples-0-doses_before": "3",
}  # fmt: skip


def some_drugs() -> None:
    """A reference of two families, three codes."""
    for family, codes in {"infliximab": [("J1745", "infliximab", "Remicade"), ("Q5103", "infliximab-dyyb", "Inflectra")],
                          "vedolizumab": [("J3380", "vedolizumab", "Entyvio")]}.items():  # fmt: skip
        row = DrugFamily.objects.create(family=family, clinical_line="none", source="test", interval_days=56)
        for code, molecule, brand in codes:
            DrugCode.objects.create(
                hcpcs_code=code, effective_from="2000-01-01", molecule=molecule, family=row, brand=brand, unit_amount=10,
                unit_of_measure="mg", source="test",
            )  # fmt: skip
