"""200 policies on 100,000 active episodes: the evaluator over tables against the plain join of the same tables, and against the slow
evaluator person by person, in one process and one round after the other."""

import datetime as dt
import json
import random
import statistics
import time
from dataclasses import replace

import duckdb
import pandas as pd
import pytest

from demand.engine import exposure, stage
from demand.engine.parameters import Parameters
from demand.engine.reference import Reference
from payers.engine.verdict import Coverage, Dose, Treatment, verdicts
from tests.benchmarks.measure import ROUNDS, Goal, report
from tests.demand.exposure_cases import SITES, ZIPS, policy

pytestmark = pytest.mark.benchmark
EPISODES, POLICIES, PAYERS, SAMPLE = 100_000, 200, 20, 100
AS_OF = dt.date(2026, 7, 1)
FAMILIES = [f"family {number}" for number in range(40)]
SITES_OF_CARE = [("hopd_on_campus", True), ("hopd_off_campus", True), ("infusion_center", False), ("home", False)]

# What any answer needs: the stretches of treatment with the policies that name their payer and drug and are in force, as rows.
PLAIN_JOIN = """
CREATE OR REPLACE TEMP TABLE joined AS
WITH named AS (
    SELECT document->>'id' AS policy_id, lower(document->>'payer') AS payer, (document->>'effective_from')::DATE AS effective_from,
        unnest(from_json(document->'$.drugs.families', '["VARCHAR"]')) AS family
    FROM (SELECT document::JSON AS document FROM policy_document)
)
SELECT treatment.episode_id, treatment.person_id, treatment.family, span.payer, span.plan, span.site_class, span.from_on, named.policy_id
FROM treatment_span AS span
JOIN treatment USING (episode_id)
JOIN named ON named.payer = lower(span.payer) AND named.family = treatment.family AND span.to_on > named.effective_from
"""

ANSWER = """
CREATE OR REPLACE TEMP TABLE answer AS
SELECT episode_id, person_id, family, payer, plan, site_class, policy_id, verdict, exposed_from, clauses, reasons, funding_assumed
FROM exposure
"""


def people(chance: random.Random) -> list[tuple[Treatment, str]]:
    """Treatments of two to fifteen doses; one in five changed site or payer on the way."""
    found = []
    for number in range(EPISODES):
        begins = AS_OF - dt.timedelta(chance.randint(60, 800))
        days = [begins + dt.timedelta(56 * place) for place in range(15) if begins + dt.timedelta(56 * place) < AS_OF]
        first, second = chance.choice(SITES_OF_CARE), chance.choice(SITES_OF_CARE)
        turn = chance.choice(days) if chance.random() < 0.1 else dt.date.max
        family = chance.choice(FAMILIES)
        funding = chance.choice(["insured", "self_funded", "self_funded", "unknown"]) if number % 20 == 0 else "self_funded"
        coverages = [Coverage(begins, f"Payer {chance.randrange(PAYERS)}", "commercial", funding, "OH", "PPO")]
        if chance.random() < 0.1 and len(days) > 2:
            coverages.append(replace(coverages[0], from_on=days[2], payer=f"Payer {chance.randrange(PAYERS)}"))
        doses = tuple(
            Dose(day, frozenset({"J1745"}), family, *(second if day >= turn else first)) for day in days
        )  # fmt: skip
        treatment = Treatment(
            family, doses, tuple(coverages), begins, allowed_gap=84, birth_date=dt.date(chance.randint(1940, 2015), 5, 5),
            authorizations=((coverages[0].payer.lower(), begins + dt.timedelta(365)),), nearest_permitted_miles=34.5,
        )  # fmt: skip
        found.append((treatment, f"p{number}"))
    return found


def documents(chance: random.Random) -> list[dict]:
    return [
        policy(
            id=f"P{number}", payer=f"Payer {number % PAYERS}", effective_from=f"2025-{chance.randint(1, 12):02d}-01",
            drugs={"hcpcs": [], "molecules": [], "families": sorted(chance.sample(FAMILIES, 20))},
            excludes_hospital_affiliated=chance.random() < 0.2,
            starts=chance.choice(["everyone", "everyone", "new_starts", "at_renewal"]),
            grace=chance.choice([None, {"doses": 2, "days": 30, "combine": "first"}, {"doses": None, "days": 45, "combine": None}]),
            age=chance.choice([None, {"min": 18, "max": None}]),
            clinical_exceptions=["REACTION", "ACCESS"],
            access_exception=chance.choice([None, {"miles": 30.0}]),
        )
        for number in range(POLICIES)
    ]  # fmt: skip


def tables(connection: duckdb.DuckDBPyConnection, listed: list[tuple[Treatment, str]]) -> None:
    """What a run keeps of these treatments."""
    treatments, spans = [], []
    for number, (one, name) in enumerate(listed):
        treatments.append(
            (number, name, number, one.family, one.begins_on, one.doses[-1].on, 84, True, 56, False, None,
             [dose.on for dose in one.doses], "S", one.doses[-1].site_class, "buy_and_bill", 100_000, one.birth_date, "43001",
             [{"payer": payer, "ends_on": until} for payer, until in one.authorizations], "metro", None, AS_OF)
        )  # fmt: skip
        changes = sorted({one.begins_on, *(cover.from_on for cover in one.coverages[1:]), *(
            after.on for before, after in zip(one.doses, one.doses[1:], strict=False) if before.site_class != after.site_class)})  # fmt: skip
        for place, since in enumerate(changes):
            dose, cover, last = one.last_dose(since), one.coverage(since), place + 1 == len(changes)
            spans.append(
                (number, since, dt.date.max if last else changes[place + 1], last, cover.payer, cover.plan, cover.line_of_business,
                 cover.funding, cover.state, dose.molecule, ["J1745"], dose.site_class, dose.hospital_affiliated, dose.channel)
            )  # fmt: skip
    columns = (
        "episode_id person_id person_no family started_on last_infused_on allowed_gap new_start interval_days single_dose treated_until "
        "dose_days site_id site_class channel allowed_per_infusion_cents birth_date zip_code authorizations market next_expected_on as_of"
    )
    connection.register("frame", pd.DataFrame(treatments, columns=columns.split()))
    span_columns = (
        "episode_id from_on to_on is_last payer plan line_of_business funding_type state molecule codes site_class "
        "hospital_affiliated channel"
    )
    connection.register("span_frame", pd.DataFrame(spans, columns=span_columns.split()))
    connection.execute(
        "CREATE TEMP TABLE treatment AS SELECT * REPLACE (dose_days::DATE[] AS dose_days, treated_until::DATE AS treated_until, "
        "next_expected_on::DATE AS next_expected_on, started_on::DATE AS started_on, last_infused_on::DATE AS last_infused_on, "
        "birth_date::DATE AS birth_date, as_of::DATE AS as_of, interval_days::INTEGER AS interval_days, "
        "authorizations::STRUCT(payer VARCHAR, ends_on DATE)[] AS authorizations) FROM frame"
    )
    connection.execute(
        "CREATE TEMP TABLE treatment_span AS SELECT span_frame.* REPLACE (from_on::DATE AS from_on, to_on::DATE AS to_on), "
        "dense_rank() OVER (ORDER BY payer, plan, line_of_business, funding_type, state) AS coverage_no, "
        "dense_rank() OVER (ORDER BY family, molecule, codes) AS product_no, "
        "dense_rank() OVER (ORDER BY site_class, hospital_affiliated, channel) AS place_no "
        "FROM span_frame JOIN (SELECT episode_id, family FROM treatment) USING (episode_id)"
    )
    connection.execute("CREATE TEMP TABLE exception_evidence (person_id VARCHAR, code VARCHAR, from_on DATE, until_on DATE)")


def seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_exposure_against_the_plain_join_and_person_by_person():
    chance = random.Random(4)
    listed, policies = people(chance), documents(chance)
    connection = duckdb.connect(config={"threads": 2})
    stage.prepare(connection, Parameters())
    reference = Reference.from_frames({"sites": pd.DataFrame(SITES), "zip_centroids": pd.DataFrame(ZIPS)})
    reference.register(connection, ("sites", "zip_centroids"))
    connection.execute("CREATE TEMP VIEW register_site AS FROM ref_sites")
    connection.execute("CREATE TEMP VIEW zip_centroid AS FROM ref_zip_centroids")
    tables(connection, listed)
    texts = [json.dumps(document) for document in policies]
    exposure.judge_policies(connection, texts, [])
    [(rows, pairs)] = connection.execute("SELECT count(*), count(DISTINCT (episode_id, policy_id)) FROM exposure").fetchall()
    joined, judged, slow = [], [], []
    for _ in range(ROUNDS):
        joined.append(seconds(lambda: connection.execute(PLAIN_JOIN)))
        judged.append(seconds(lambda: (exposure.judge_policies(connection, texts, []), connection.execute(ANSWER))))
        slow.append(_slow_pair(listed, policies, chance))
    every, with_row = ([pair[which] for pair in slow] for which in (0, 1))
    times_faster = statistics.median(other * pairs / one for one, other in zip(judged, with_row, strict=True))
    print(
        f"\n{rows:,} rows of {pairs:,} pairs that a policy names; plain join {statistics.median(joined):.2f} s, "
        f"exposure {statistics.median(judged):.2f} s; of the pairs with a row alone, {times_faster:.0f} × faster than person by person"
    )
    missed = report(
        f"{POLICIES} policies on {EPISODES:,} active episodes",
        [
            Goal("exposure ÷ the plain join", 10, [one / other for one, other in zip(judged, joined, strict=True)]),
            Goal(
                "100 × exposure ÷ person by person, each episode × policy",
                1,
                [100 * one / (EPISODES * POLICIES) / other for one, other in zip(judged, every, strict=True)],
            ),
        ],
    )
    assert not missed


def _slow_pair(listed: list[tuple[Treatment, str]], policies: list[dict], chance: random.Random) -> tuple[float, float]:
    """Seconds of the slow evaluator for one episode × policy of a sample, and for one of those that have a row."""
    sample = [(treatment, document) for treatment, _ in chance.sample(listed, SAMPLE) for document in policies]
    named = [
        (treatment, document)
        for treatment, document in sample
        if treatment.family in document["drugs"]["families"] and any(one.payer == document["payer"] for one in treatment.coverages)
    ]
    every, with_row = (
        seconds(lambda pairs=pairs: [verdicts(treatment, document, [], AS_OF) for treatment, document in pairs]) / len(pairs)
        for pairs in (sample, named)
    )
    return every, with_row
