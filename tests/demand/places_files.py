"""Small published runs for pages about places: people at ZIP codes near Nashville, their infusions, who is exposed."""

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
from django.utils import timezone

from demand import storage
from demand.models import Run
from payers.models import Policy
from sites.models import Site

DAY = dt.date(2026, 6, 1)
CITY, SUBURB, FAR = "37203", "37064", "42240"  # Nashville; Franklin, 17 miles south; Hopkinsville, 62 miles northwest
INFUSIONS = {
    "person_id": "VARCHAR", "service_date": "DATE", "family": "VARCHAR", "site_class": "VARCHAR", "site_id": "VARCHAR", "payer": "VARCHAR",
    "market": "VARCHAR", "attribution_rule": "VARCHAR", "infusion_id": "BIGINT", "allowed_cents": "BIGINT", "paid_cents": "BIGINT", "patient_cents": "BIGINT", "waits": "BIGINT",
}  # fmt: skip
ELIGIBILITY = {"person_id": "VARCHAR", "zip_code": "VARCHAR", "enrollment_start_date": "DATE", "enrollment_end_date": "DATE"}
EXPOSURE = {"person_id": "VARCHAR", "family": "VARCHAR", "policy_id": "VARCHAR", "verdict": "VARCHAR", "exposed_from": "DATE"}


def site(site_id: str, **fields) -> Site:
    usual = {
        "name": site_id,
        "site_class": "hopd_on_campus",
        "ownership": "owned",
        "owner": "Ours",
        "market": "metro",
        "zip_code": CITY,
    }
    return Site.objects.create(site_id=site_id, **usual | fields)


def policy(policy_id: str = "P", **fields) -> Policy:
    document = {"excluded_site_classes": ["hopd_on_campus", "hopd_off_campus"]}
    usual = {"payer": "A", "kind": "site_of_care", "status": "in_force", "document": document}
    return Policy.objects.create(policy_id=policy_id, **usual | fields)


class People:
    """`add(number, zip_code, …)` people with one infusion each; `publish()` the run."""

    def __init__(self) -> None:
        self.infusions: list[dict] = []
        self.spans: list[dict] = []
        self.exposures: list[dict] | None = None

    def add(self, number: int, zip_code: str | None, exposed_to: str = "", infusions: int = 1, **fields) -> "People":
        for _ in range(number):
            person = f"p{len(self.spans)}"
            self.spans.append({"person_id": person, "zip_code": zip_code, "enrollment_start_date": dt.date(2020, 1, 1)})
            usual = {
                "person_id": person, "service_date": DAY, "family": "infliximab", "site_class": "hopd_on_campus", "site_id": "H", "payer": "A",
                "market": "metro", "attribution_rule": "ordering_npi", "allowed_cents": 100_000,
            }  # fmt: skip
            self.infusions += [usual | {"infusion_id": len(self.infusions) + one} | fields for one in range(infusions)]
            if exposed_to:
                self.exposures = [
                    *(self.exposures or []),
                    {
                        "person_id": person,
                        "family": "infliximab",
                        "policy_id": exposed_to,
                        "verdict": "exposed",
                        "exposed_from": DAY,
                    },
                ]
        return self

    def publish(self) -> Run:
        now = timezone.now()
        run = Run.objects.create(kind="recompute", status="finished", requested_at=now, finished_at=now, published_at=now)
        folder = storage.run_folder(run.pk)
        write(folder / "infusions.parquet", self.infusions, INFUSIONS)
        write(folder / "eligibility.parquet", self.spans, ELIGIBILITY)
        if self.exposures is not None:
            write(folder / "exposure.parquet", self.exposures, EXPOSURE)
        return run


def write(path: Path, rows: list[dict], columns: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows, columns=list(columns)).astype(object)
    frame = frame.where(frame.notna(), None)
    with duckdb.connect() as connection:
        connection.register("given", frame)
        casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items())
        connection.execute(f"COPY (SELECT {casts} FROM given) TO '{path}' (FORMAT parquet)")
