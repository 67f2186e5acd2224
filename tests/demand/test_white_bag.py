"""White bagging: the rate and its sides, the log beside it, doses that change, benefits; on hand-made infusions and on a rehearsal."""

import csv
import datetime as dt
import itertools
from collections import defaultdict

import pytest
from django.utils import timezone

from demand import storage
from demand.engine.disclosure import HIDDEN
from demand.models import Run, WhiteBagEvent
from demand.selectors.bag_costs import channel_costs, dose_fragility, logged_burden
from demand.selectors.drug_benefit import benefit_lines
from demand.selectors.white_bag import agreement, bag_lines, given_at_ours, logged_events
from payers.models import DrugCode, DrugFamily
from tests.demand.facts_files import fact, write_facts
from tests.demand.places_files import write
from tests.demand.rehearsed_run import publish_rehearsal, rehearsal

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 1, 10)
COLUMNS = {
    "infusion_id": "BIGINT", "person_id": "VARCHAR", "person_no": "BIGINT", "family": "VARCHAR", "payer": "VARCHAR", "service_date": "DATE", "channel": "VARCHAR",
    "attribution_rule": "VARCHAR", "dose": "DOUBLE", "dose_unit": "VARCHAR", "waste_units": "DOUBLE", "waits": "BIGINT",
}  # fmt: skip
SUPPLIES = {"infusion_id": "BIGINT", "kind": "VARCHAR"}
LINES = {"infusion_id": "BIGINT", "role": "VARCHAR", "modifiers": "VARCHAR", "allowed_cents": "BIGINT"}
FILLS = {"person_id": "VARCHAR", "payer": "VARCHAR", "family": "VARCHAR", "dispensing_date": "DATE", "self_administered": "BOOLEAN"}


@pytest.fixture
def publish(own_storage):
    def published(infusions: list[dict], supplies: list[dict] = (), lines: list[dict] = (), fills: list[dict] = ()) -> Run:
        """infusions: facts and their doses together, numbered in their order."""
        now = timezone.now()
        run = Run.objects.create(kind="recompute", status="finished", requested_at=now, finished_at=now, published_at=now)
        folder = storage.run_folder(run.pk)
        rows = [
            {"infusion_id": number, "person_id": f"p{number}", "person_no": number, "service_date": DAY, **row}
            for number, row in enumerate(infusions)
        ]
        write_facts(folder, [fact(**{name: row[name] for name in row if name in FACT_COLUMNS}) for row in rows])
        add_numbers(folder / "facts.parquet")
        usual = {"family": "infliximab", "payer": "Payer A", "channel": "buy_and_bill", "attribution_rule": "ordering_npi"}
        write(folder / "infusions.parquet", [usual | row for row in rows], COLUMNS)
        write(folder / "supplies.parquet", list(supplies), SUPPLIES)
        write(folder / "lines-00000.parquet", list(lines), LINES)
        write(folder / "pharmacy_fills.parquet", list(fills), FILLS)
        write(folder / "unadministered_fills.parquet", [], FILLS)
        return run

    return published


FACT_COLUMNS = {*fact(), "service_date"}


def add_numbers(path):
    """facts.parquet with the infusions' numbers, which the pipeline writes and the builder of facts does not need."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE rows AS SELECT row_number() OVER () - 1 AS infusion_id, attribution_rule IN ('ordering_npi', 'rendering_npi') AS is_headline, * FROM '{path}'"
        )
        connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")


def bag(confidence: str = "confirmed", **more) -> dict:
    return {"channel": "white_bag", "channel_confidence": confidence, "outcome": "margin_leak", **more}


@pytest.fixture
def infliximab():
    family = DrugFamily.objects.create(family="infliximab", clinical_line="gastroenterology", source="test")
    DrugCode.objects.create(
        hcpcs_code="J1745",
        molecule="infliximab",
        family=family,
        unit_amount=10,
        unit_of_measure="mg",
        source="test",
        effective_from=dt.date(2000, 1, 1),
    )


def note_bags(*days: dt.date, site: str = "H"):
    for number, day in enumerate(days):
        WhiteBagEvent.objects.create(
            row_key=f"{site}{number}", site_id=site, hcpcs_code="J1745", payer="Payer A", administered_on=day, delayed_days=number,
            wasted=number == 0, staff_minutes=30,
        )  # fmt: skip


def test_the_rate_has_both_sides_and_tells_who_billed_the_bag(publish):
    infusions = [{}] * 5 + [bag(), bag("probable")] + [{"channel": "clear_bag"}, {"channel": "unknown", "outcome": "unknown"}]
    given = given_at_ours(publish(infusions, [{"infusion_id": 5, "kind": "medical"}, {"infusion_id": 6, "kind": "fill"}]), True)
    *_, everything = bag_lines(given, agreement(given, []), "site")
    assert (everything.infusions, everything.white, everything.confirmed, everything.probable) == (9, 2, 1, 1)
    assert (everything.medical, everything.clear, everything.unknown) == (1, 1, 1)
    assert everything.rate == pytest.approx(2 / 9) and everything.precision is None and everything.events is None


def test_the_log_finds_what_it_noted_and_nothing_is_said_outside_its_days(publish, infliximab):
    days = [DAY, DAY, DAY + dt.timedelta(days=7), DAY + dt.timedelta(days=40)]  # the last one after the log's last note
    infusions = [bag(service_date=day) for day in days] + [{"service_date": DAY + dt.timedelta(days=14)}, bag(site_id="C")]
    note_bags(DAY, DAY + dt.timedelta(days=7), DAY + dt.timedelta(days=14))
    given = given_at_ours(publish(infusions), True)
    lines = {line.name: line for line in bag_lines(given, agreement(given, logged_events()), "site")}
    assert (lines["H"].noted, lines["H"].of_noted) == (2, 3) and (lines["H"].found, lines["H"].events) == (2, 3)
    assert lines["C"].white == 1 and lines["C"].precision is None and lines["C"].events is None  # no log


def test_what_the_clinics_noted_has_its_denominators(publish, infliximab):
    note_bags(*[DAY] * 4)
    WhiteBagEvent.objects.create(row_key="x", site_id="H", hcpcs_code="J1745", administered_on=DAY)  # says nothing more
    found = logged_burden(logged_events(), restricted=False)
    late, wasted, changed = found.lines
    assert (late.number, late.known, late.mean) == (3, 4, 2) and (wasted.number, wasted.known) == (1, 4)
    assert (changed.number, changed.known, changed.rate) == (0, 0, None)
    assert (found.minutes, found.timed, found.events) == (120, 4, 5) and found.cents(60) == 12_000
    assert logged_burden(logged_events(), restricted=True).events is HIDDEN


def test_doses_are_compared_with_the_last_one_in_the_same_unit(publish):
    doses = [(400, "mg"), (400, "mg"), (500, "mg"), (400, "mg"), (402, "mg"), (None, None), (402, "mg"), (4, "g")]
    rows = [
        {"person_no": 1, "service_date": DAY + dt.timedelta(days=number), "dose": dose, "dose_unit": unit}
        for number, (dose, unit) in enumerate(doses)
    ]
    rows.append(bag(person_no=1, service_date=DAY + dt.timedelta(days=20), dose=9, dose_unit="g"))  # not bought by us
    (one, _) = dose_fragility(given_at_ours(publish(rows), True))
    assert (one.compared, one.rose, one.fell) == (5, 1, 1) and one.rate == 0.4 and one.changed_cents == 200_000


def test_waste_is_what_the_jw_lines_say(publish):
    lines = [
        {"infusion_id": 0, "role": "drug", "modifiers": "RT;JW", "allowed_cents": 5_000},
        {"infusion_id": 0, "role": "drug", "modifiers": "JW", "allowed_cents": None},
        {"infusion_id": 1, "role": "drug", "modifiers": "JZ", "allowed_cents": 9_000},
        {"infusion_id": 1, "role": "drug", "modifiers": "JWX", "allowed_cents": 9_000},
    ]
    rows = [{"waste_units": 3, "waits": 10}, {"waits": 4}, bag()]
    bought, bagged = channel_costs(given_at_ours(publish(rows, lines=lines), True))
    assert (bought.wasted, bought.infusions, bought.waste_cents, bought.unpriced, bought.waste_units) == (1, 2, 5_000, 1, 3)
    assert (bought.waited, bought.median_wait, bagged.wasted, bagged.median_wait) == (2, 7, 0, None)


def test_benefits_add_up_and_channels_not_known_are_in_neither_part(publish):
    rows = [{}, {}, bag(), {"channel": "unknown"}]
    fills = [{"person_id": "p9", "payer": "Payer A", "family": "infliximab", "dispensing_date": DAY, "self_administered": True}]
    run = publish(rows, [{"infusion_id": 2, "kind": "fill"}], fills=fills)
    everybody, payer = benefit_lines(run, True)
    assert (payer.medical, payer.sent, payer.injected, payer.handed, payer.pharmacy) == (2, 1, 1, 0, 2)
    assert payer.pharmacy_share == 0.5 and everybody.doses == payer.doses == 4


def test_without_the_right_few_people_are_hidden_and_the_log_is_told_as_a_whole(publish, infliximab):
    infusions = [{"person_no": number} for number in range(40)] + [bag(person_no=number) for number in range(40, 60)]
    infusions += [{"person_no": 100 + number, "payer": "Payer B"} for number in range(30)] + [bag(person_no=200, payer="Payer B")]
    note_bags(*[DAY] * 20)
    run = publish(infusions)
    given = given_at_ours(run, False)
    lines = {line.name: line for line in bag_lines(given, agreement(given, logged_events()), "payer")}
    assert lines["Payer B"].white is HIDDEN and lines["Payer B"].rate is HIDDEN and lines["Payer B"].events is HIDDEN
    assert lines["Payer A"].events is HIDDEN and lines["All"].white == 21
    everybody = {line.name: line for line in bag_lines(given_at_ours(run, True), agreement(given_at_ours(run, True), []), "payer")}
    assert everybody["Payer B"].white == 1


def test_planted_weight_changes_are_the_share_found(own_storage):
    """Everything that the sites bought, told on claims with its dose, against the key's own doses in a row."""
    system = rehearsal().folder / "system"
    truth = defaultdict(list)
    with (system / "truth" / "infusions.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            truth[row["person_id"], row["family"]].append(row)
    changed = compared = 0
    for rows in truth.values():
        rows.sort(key=lambda row: row["service_date"])
        for before, now in itertools.pairwise(rows):
            if now["channel"] == "buy_and_bill" and now["ownership"] == "owned" and {before["visible"], now["visible"]} == {"true"}:
                compared += 1
                changed += abs(float(now["dose"]) / float(before["dose"]) - 1) > 0.01
    found = dose_fragility(given_at_ours(publish_rehearsal(), True))[-1]
    assert changed > 20 and found.compared == pytest.approx(compared, rel=0.03)
    assert found.rate == pytest.approx(changed / compared, abs=0.003)


def test_every_split_of_the_rehearsal_adds_up_and_pages_answer(own_storage, analyst):
    run = publish_rehearsal()
    given = given_at_ours(run, True)
    agreed = agreement(given, [])
    for split in ("site", "family", "payer", "month"):
        *lines, everything = bag_lines(given, agreed, split)
        for name in ("infusions", "white", "confirmed", "probable", "medical", "clear", "unknown"):
            assert sum(getattr(line, name) for line in lines) == getattr(everything, name)
        assert everything.confirmed + everything.probable == everything.white > 0
    text = analyst.get("/white-bagging/?payer=Ulmere+Health&hourly=x").content.decode()
    assert "Dollars an hour of staff time must be a number" in text and "White-bagged by clinic" in text
    answer = analyst.get("/white-bagging/white-bag-payer.csv")
    assert answer.status_code == 200 and answer.content.startswith(b"payer,infusions,white,rate")
    assert analyst.get("/white-bagging/nothing.csv").status_code == 404


def test_the_page_says_what_to_do_without_a_run(own_storage, analyst):
    for page in ("/white-bagging/", "/safety/", "/gladly/"):
        assert "No claims run is published yet" in analyst.get(page).content.decode()
