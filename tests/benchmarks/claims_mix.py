"""A number of lines -> a rehearsal system among everyday claims, as a payer's extract is: about one line in eleven is of an infusion.

The rehearsal's people keep their claims and their planted truth; the others have office visits, laboratory tests and imaging. Seeded.
"""

import random
from datetime import date, timedelta
from pathlib import Path

from demand.engine.rehearsal import create_rehearsal

LINES_A_PERSON = 60  # of a rehearsal person; more than half of them are of infusions
SHARE = 0.16
VISITS = (
    (("99213", 9_200),),
    (("99214", 13_000), ("85025", 1_100), ("80053", 1_400)),
    (("99213", 9_200), ("71046", 3_100)),
    (("93000", 1_600), ("99214", 13_000)),
    (("83036", 1_300), ("80061", 1_800), ("84443", 2_300), ("36415", 900)),
)


def write_mix(folder: Path, lines: int, seed: int = 5) -> None:
    """Write at least `lines` medical rows and the files that belong to them into `folder`."""
    people = max(50, round(lines * SHARE / LINES_A_PERSON))
    create_rehearsal(folder, people=people, seed=seed)
    path = folder / "medical_claim.csv"
    with path.open(encoding="utf-8") as file:
        columns = next(file).rstrip("\n").split(",")
        written = sum(1 for _ in file)
    with (folder / "eligibility.csv").open(encoding="utf-8") as file:
        header = next(file).rstrip("\n").split(",")
    draw = random.Random(seed)
    with path.open("a", encoding="utf-8") as medical, (folder / "eligibility.csv").open("a", encoding="utf-8") as eligibility:
        number = 0
        while written < lines:
            number += 1
            person = f"EV{number:08d}"
            span = {"person_id": person, "gender": "female", "birth_date": "1970-01-01", "enrollment_start_date": "2023-01-01"}
            span |= {
                "enrollment_end_date": "2026-06-30",
                "payer": "Meridian Mutual",
                "payer_type": "commercial",
                "plan": "Open Access",
            }
            span |= {"zip_code": "37201", "state": "TN", "funding_type": "insured", "data_source": "commercial_exchange"}
            eligibility.write(",".join(span.get(name, "") for name in header) + "\n")
            written += _person(medical, columns, person, number, draw)


def _person(medical, columns: list[str], person: str, number: int, draw: random.Random) -> int:
    written = 0
    for visit in range(draw.randint(6, 26)):
        day = date(2023, 7, 1) + timedelta(days=draw.randrange(1090))
        paid = day + timedelta(days=draw.randrange(12, 85))
        for line, (code, cents) in enumerate(draw.choice(VISITS), start=1):
            row = {
                "claim_id": f"E{number:08d}{visit:03d}", "claim_line_number": str(line), "claim_type": "professional", "person_id": person,
                "payer": "Meridian Mutual", "plan": "Open Access", "claim_start_date": day.isoformat(), "claim_end_date": day.isoformat(),
                "claim_line_start_date": day.isoformat(), "claim_line_end_date": day.isoformat(), "place_of_service_code": "11",
                "service_unit_quantity": "1", "hcpcs_code": code, "rendering_npi": "2000040203", "billing_npi": "2000040203",
                "paid_date": paid.isoformat(), "paid_amount": f"{cents * 0.8 / 100:.2f}", "allowed_amount": f"{cents / 100:.2f}",
                "charge_amount": f"{cents * 2 / 100:.2f}", "diagnosis_code_type": "icd-10-cm", "diagnosis_code_1": "I10",
                "in_network_flag": "1", "data_source": "commercial_exchange",
            }  # fmt: skip
            medical.write(",".join(row.get(name, "") for name in columns) + "\n")
            written += 1
    return written
