"""Doses on the medical benefit against those on the pharmacy benefit, of the same drugs, by payer and half-year.

Medical: an infusion whose drug was billed on the medical benefit, by the site or by a pharmacy. Pharmacy: an infusion whose drug was a
pharmacy fill, a fill that the person injects at home, a fill of an infusible drug that no claim shows being given. Everybody in the
feeds counts, wherever they are infused. A count by payer is the sum of its half-years.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.facts import query_tables, results_key
from demand.selectors.split_cells import AllShown, Path, SplitCells
from demand.selectors.white_bag import share
from demand.words import named

KINDS = {
    "medical": "Infused, medical benefit",
    "sent": "Infused, pharmacy benefit",
    "injected": "Injected at home",
    "handed": "Filled, no infusion seen",
}
DOSES = """
WITH supplied AS (SELECT infusion_id, bool_or(kind = 'fill') AS is_fill FROM {supplies} GROUP BY ALL), dose AS (
    SELECT person_id, payer, family, service_date AS day, CASE WHEN is_fill THEN 'sent' ELSE 'medical' END AS kind,
        coalesce(attribution_rule IN ('ordering_npi', 'rendering_npi'), false) AS is_headline
    FROM {infusions} LEFT JOIN supplied USING (infusion_id) WHERE channel <> 'unknown'
    UNION ALL
    SELECT person_id, payer, family, dispensing_date, 'injected', false FROM {pharmacy_fills} WHERE self_administered
    UNION ALL
    SELECT person_id, payer, family, dispensing_date, 'handed', false FROM {unadministered_fills}
)
SELECT
    dense_rank() OVER (ORDER BY person_id) AS person_no, coalesce(payer, 'unknown') AS payer, coalesce(family, 'unknown') AS family,
    year(day) || CASE WHEN month(day) <= 6 THEN ' first half' ELSE ' second half' END AS half, kind, is_headline
FROM dose WHERE family IN (SELECT DISTINCT family FROM {infusions}) ORDER BY ALL
"""


@dataclass(frozen=True)
class BenefitLine:
    payer: str
    half: str
    medical: object
    sent: object
    injected: object
    handed: object
    pharmacy: object  # the three before

    @property
    def doses(self):
        return HIDDEN if HIDDEN in (self.medical, self.pharmacy) else self.medical + self.pharmacy

    @property
    def pharmacy_share(self):
        return share(self.pharmacy, self.doses)


@lru_cache(maxsize=2)
def _columns(run_id: int, results: str) -> dict[str, np.ndarray]:
    found = query_tables(Run.objects.get(pk=run_id), DOSES).fetchnumpy()
    return {name: np.ma.getdata(column) for name, column in found.items()}


@lru_cache(maxsize=2)
def _cells(run_id: int, results: str) -> SplitCells:
    columns = _columns(run_id, results)
    paths = [_node(half, kind) for half, kind in zip(columns["half"], columns["kind"], strict=True)]
    return SplitCells(
        {"payer": columns["payer"]}, [paths], columns["person_no"].astype(np.int64), columns["is_headline"].astype(bool)
    )


def _node(half: str, kind: str) -> Path:
    return (half, kind) if kind == "medical" else (half, "pharmacy", kind)


def benefit_lines(run: Run, see_small: bool, family: str | None = None) -> tuple[BenefitLine, ...]:
    """All payers first, then the payers with the most doses; half-years in their order. `family`: for people with the right."""
    columns = _columns(run.pk, results_key(run))
    cells = AllShown() if see_small else _cells(run.pk, results_key(run))
    here = np.ones(len(columns["kind"]), dtype=bool) if family is None else columns["family"] == family
    payers, numbers = np.unique(columns["payer"][here].astype(str), return_counts=True)
    lines = []
    for payer in [None, *payers[np.argsort(-numbers, kind="stable")]]:
        mine, of = (here, {}) if payer is None else (here & (columns["payer"] == payer), {"payer": str(payer)})
        for half in sorted(set(columns["half"][here])):
            then = mine & (columns["half"] == half)
            counts = [
                int((then & (columns["kind"] == kind)).sum()) if cells.shows(*_node(half, kind), **of) else HIDDEN for kind in KINDS
            ]
            pharmacy = int((then & (columns["kind"] != "medical")).sum()) if cells.shows(half, "pharmacy", **of) else HIDDEN
            lines.append(BenefitLine("All payers" if payer is None else named(str(payer)), half, *counts, pharmacy))
    return tuple(lines)
