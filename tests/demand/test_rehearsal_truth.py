"""The key and the claims beside it say the same: recomputed here slowly from the files, without the generator's own functions."""

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from demand.engine.rehearsal import create_rehearsal, write
from tests.demand.rehearsal_system import rows, system, table

ROOT = Path(__file__).resolve().parents[2]
OUTCOMES = ("kept", "margin_leak", "partner", "site_leak", "unknown")


def day(text: str) -> date:
    return date.fromisoformat(text)


def good_lines() -> list[dict[str, str]]:
    return [row for row in table("medical_claim.csv") if row["person_id"] and "13-45" not in row["claim_start_date"]]


def planted_codes() -> set[str]:
    with (ROOT / "payers" / "reference" / "drug_codes.csv").open(encoding="utf-8") as stream:
        return {row["hcpcs_code"] for row in csv.DictReader(stream)}


def standing(claim_id: str) -> str:
    """A reversed claim is billed again under R; both are the one claim of the key."""
    return claim_id.rstrip("VR")


def test_every_visible_infusion_has_its_lines_and_no_other():
    lines = defaultdict(set)
    for row in good_lines():
        lines[standing(row["claim_id"])].add(row["claim_line_number"])
    for planted in table("truth/infusions.csv"):
        claims = [claim for claim in planted["claim_ids"].split(";") if claim]
        found = sum(len(lines.get(claim, ())) for claim in claims)
        late = "not_yet_paid" in planted["hidden_by"]
        if planted["visible"] == "true" and not late:
            assert found == int(planted["claim_lines"]), planted
        if planted["visible"] == "false":
            assert late or "administration_not_billed" in planted["hidden_by"]


def test_every_infusible_outpatient_line_belongs_to_a_planted_infusion():
    """Conservation the other way round: no drug line comes from nowhere (hospital stays carry some; they are no infusions)."""
    known = {claim for planted in table("truth/infusions.csv") for claim in planted["claim_ids"].split(";")}
    codes = planted_codes()
    stays = 0
    for row in good_lines():
        if row["hcpcs_code"] in codes:
            if row["bill_type_code"].startswith("11"):
                stays += 1
            else:
                assert standing(row["claim_id"]) in known, row["claim_id"]
    assert stays > 0


def test_doses_and_money_of_an_infusion_are_those_of_its_final_lines():
    units = {}
    for row in rows(ROOT / "payers" / "reference" / "drug_codes.csv"):
        units[row["hcpcs_code"]] = float(row["unit_amount"])
    final = {}
    for row in good_lines():
        if not row["claim_id"].endswith("V"):
            key = standing(row["claim_id"]), row["claim_line_number"]
            if key not in final or (row["paid_date"], row["claim_id"]) >= (final[key]["paid_date"], final[key]["claim_id"]):
                final[key] = row
    by_claim = defaultdict(list)
    for (claim, _), row in final.items():
        by_claim[claim].append(row)
    checked = 0
    for planted in table("truth/infusions.csv"):
        claims = planted["claim_ids"].split(";")
        if planted["channel"] != "buy_and_bill" or planted["hidden_by"] not in ("", "ordering_npi_missing") or len(claims) != 1:
            continue
        mine = by_claim[claims[0]]
        drug = [row for row in mine if row["hcpcs_code"] == planted["hcpcs_code"]]
        dose = sum(
            float(row["service_unit_quantity"]) * units[row["hcpcs_code"]] for row in drug if row["hcpcs_modifier_1"] != "JW"
        )
        waste = sum(float(row["service_unit_quantity"]) for row in drug if row["hcpcs_modifier_1"] == "JW")
        cents = sum(round(float(row["allowed_amount"]) * 100) for row in mine)
        assert dose == pytest.approx(float(planted["dose"]), rel=1e-5) and waste == pytest.approx(float(planted["waste_units"]))
        restated = len({row["paid_date"] for row in mine}) > 1
        assert restated or cents == int(planted["allowed_cents"]), planted["claim_ids"]
        checked += 1
    assert checked > 3000


def test_reversals_mirror_what_they_reverse():
    versions = defaultdict(list)
    for row in good_lines():
        versions[row["claim_id"]].append(row)
    reversed_claims = [claim for claim in versions if claim.endswith("V")]
    assert len(reversed_claims) > 20
    for claim in reversed_claims:
        first = {row["claim_line_number"]: row for row in versions[claim[:-1]]}
        assert claim[:-1] + "R" in versions
        for row in versions[claim]:
            original = first[row["claim_line_number"]]
            for column in ("service_unit_quantity", "paid_amount", "allowed_amount", "charge_amount"):
                assert float(row[column]) == -float(original[column])
            same = ("person_id", "hcpcs_code", "claim_start_date", "billing_npi", "facility_npi", "rendering_npi", "data_source")
            assert all(row[column] == original[column] for column in same)
            assert row["paid_date"] > original["paid_date"]


def test_restatements_and_duplicates_are_there():
    keys = Counter((row["data_source"], row["claim_id"], row["claim_line_number"]) for row in good_lines())
    twice = {key for key, count in keys.items() if count == 2}
    texts = Counter(tuple(row.values()) for row in good_lines())
    exact = sum(1 for count in texts.values() if count == 2)
    assert 0 < exact < len(twice) and max(keys.values()) == 2


def test_white_bagged_doses_have_an_administration_and_a_pharmacy():
    fills = defaultdict(list)
    for row in table("pharmacy_claim.csv"):
        fills[row["person_id"]].append(day(row["dispensing_date"]))
    pharmacies = {row["npis"] for row in table("sites.csv") if row["site_class"] == "specialty_pharmacy"}
    pharmacies |= {row["npi"] for row in table("taxonomies.csv") if row["taxonomy"].startswith("3336S")}
    supplied = defaultdict(list)
    drug_paid = defaultdict(set)
    for row in good_lines():
        if row["billing_npi"] in pharmacies:
            supplied[row["person_id"]].append(day(row["claim_start_date"]))
        elif row["ndc_code"] and float(row["allowed_amount"]) > 0.01:
            drug_paid[row["person_id"]].add(day(row["claim_start_date"]))
    seen = Counter()
    for planted in table("truth/infusions.csv"):
        if planted["channel"] not in ("white_bag", "clear_bag"):
            continue
        on = day(planted["service_date"])
        near = fills[planted["person_id"]] if planted["supply"] == "pharmacy" else supplied[planted["person_id"]]
        close = any(-30 <= (shipped - on).days <= 3 for shipped in near)
        if planted["visible_channel"] in ("white_bag", "clear_bag"):
            assert close
            assert on not in drug_paid[planted["person_id"]] or planted["hidden_by"]
        seen[planted["channel"], planted["supply"]] += 1
    assert seen["white_bag", "medical"] > 20 and seen["white_bag", "pharmacy"] > 20


def test_months_are_sums_of_the_infusions():
    counts = defaultdict(Counter)
    for planted in table("truth/infusions.csv"):
        counts[planted["service_date"][:7]][planted["outcome"] or "unattributed"] += 1
        if planted["visible"] == "true":
            counts[planted["service_date"][:7]]["visible_" + (planted["visible_outcome"] or "unattributed")] += 1
    months = table("truth/leakage.csv")
    assert len(months) == 36
    for month in months:
        mine = counts[month["month"]]
        for name in (*OUTCOMES, "unattributed"):
            assert int(month[name]) == mine[name] and int(month["visible_" + name]) == mine["visible_" + name]
        for side in ("", "visible_"):
            base = mine[side + "kept"] + mine[side + "margin_leak"] + mine[side + "site_leak"]
            assert float(month[side + "leakage_rate"]) == pytest.approx(mine[side + "site_leak"] / base, abs=1e-6)
    assert sum(sum(int(month[name]) for name in (*OUTCOMES, "unattributed")) for month in months) == len(
        table("truth/infusions.csv")
    )


def test_outcomes_follow_roster_ownership_and_channel():
    roster = defaultdict(list)
    for row in table("prescribers.csv"):
        roster[row["npi"]].append((row["starts_on"], row["ends_on"] or "9999"))
    for planted in table("truth/infusions.csv"):
        on = planted["service_date"]
        attributed = any(first <= on < end for first, end in roster[planted["ordering_npi"]])
        assert planted["attributed"] == str(attributed).lower()
        if not attributed:
            assert planted["outcome"] == ""
        elif planted["ownership"] == "owned":
            assert planted["outcome"] == ("margin_leak" if planted["channel"] == "white_bag" else "kept")
        else:
            assert planted["outcome"] == {"partner": "partner", "other": "site_leak"}[planted["ownership"]]
    assert {row["outcome"] for row in table("truth/infusions.csv")} == {"", "kept", "margin_leak", "partner", "site_leak"}


def test_what_is_visible_is_named_on_the_claims():
    named = {}
    for row in good_lines():
        if row["ordering_npi"]:
            named.setdefault(standing(row["claim_id"]), row["ordering_npi"])
    for planted in table("truth/infusions.csv"):
        found = {named[claim] for claim in planted["claim_ids"].split(";") if claim in named}
        if planted["visible_named_by"] == "ordering_npi":
            assert found == {planted["ordering_npi"]}
        elif planted["visible"] == "true" and "ordering_npi_missing" in planted["hidden_by"]:
            assert not found


def test_sites_in_the_key_were_open_and_are_the_registers():
    register = {row["site_id"]: row for row in table("sites.csv")}
    home_classes = {"home_infusion": {"home", "infusion_suite"}}
    for planted in table("truth/infusions.csv"):
        site = register.get(planted["site_id"])
        if site is None:
            assert planted["site_id"].startswith("npi:2") and planted["ownership"] == "other"
            continue
        assert planted["site_class"] in home_classes.get(site["site_class"], {site["site_class"]})
        assert site["ownership"] == planted["ownership"] and site["opened_on"] <= planted["service_date"]


def test_episodes_are_runs_by_the_gap_rule_and_hold_every_infusion():
    days = defaultdict(list)
    for planted in table("truth/infusions.csv"):
        days[planted["person_id"], planted["family"]].append(day(planted["service_date"]))
    episodes = defaultdict(list)
    for episode in table("truth/episodes.csv"):
        episodes[episode["person_id"], episode["family"]].append(episode)
    assert set(days) == set(episodes)
    for key, mine in episodes.items():
        mine.sort(key=lambda row: row["started_on"])
        given = sorted(days[key])
        assert sum(int(row["infusions"]) for row in mine) == len(given)
        allowed = timedelta(days=max(60, int(int(mine[0]["interval_days"]) * 1.5)))
        starts = [given[0]] + [after for before, after in pairwise(given) if after - before > allowed]
        assert [day(row["started_on"]) for row in mine] == starts
        for row in mine:
            assert day(row["overdue_on"]) == day(row["last_infused_on"]) + allowed


def test_nobody_is_treated_dead_or_not_enrolled():
    last, first, died = {}, {}, {}
    for row in table("eligibility.csv"):
        person = row["person_id"]
        last[person] = max(last.get(person, ""), row["enrollment_end_date"])
        first[person] = min(first.get(person, "9999"), row["enrollment_start_date"])
        died[person] = row["death_date"] or "9999"
    for planted in table("truth/infusions.csv"):
        person, on = planted["person_id"], planted["service_date"]
        assert first[person] <= on <= last[person] and on <= died[person]
    spans = defaultdict(list)
    for row in table("eligibility.csv"):
        spans[row["person_id"]].append((day(row["enrollment_start_date"]), day(row["enrollment_end_date"])))
    assert len(spans) == 400
    for mine in spans.values():
        mine.sort()
        assert all(start <= end for start, end in mine)
        assert all(after[0] - before[1] == timedelta(days=1) for before, after in pairwise(mine))


def test_episode_outcomes_by_a_second_slow_reading():
    """The order of definitions.md 4, from the key's infusions, the eligibility file and the fills; maturity from the key."""
    infusions = defaultdict(list)
    for planted in table("truth/infusions.csv"):
        infusions[planted["person_id"], planted["family"]].append(planted)
    finite, planned, injected_ndcs = {}, set(), set()
    for row in rows(ROOT / "payers" / "reference" / "drug_families.csv"):
        if row["finite_course"] == "true":
            finite[row["family"]] = int(row["course_doses"])
        if row["planned_self_injection"] == "true":
            planned.add(row["family"])
    family_of = {}
    for row in [*rows(ROOT / "payers" / "reference" / "ndcs.csv"), *table("drugs.csv")]:
        if row["self_administered"] == "true":
            injected_ndcs.add(row["ndc_code"])
            family_of[row["ndc_code"]] = row["family"]
    fills = defaultdict(list)
    for row in table("pharmacy_claim.csv"):
        if row["ndc_code"] in injected_ndcs and row["dispensing_date"] < "2026-07-01":
            fills[row["person_id"], family_of[row["ndc_code"]]].append(day(row["dispensing_date"]))
    until, died, spans = {}, {}, defaultdict(list)
    for row in table("eligibility.csv"):
        until[row["person_id"]] = max(until.get(row["person_id"], ""), row["enrollment_end_date"])
        died[row["person_id"]] = row["death_date"]
        spans[row["person_id"]].append((row["enrollment_start_date"], row["enrollment_end_date"], row["data_source"]))
    mature = {(row["data_source"], row["month"]): row["mature"] == "true" for row in table("truth/maturity.csv")}
    seen = Counter()
    episodes = sorted(table("truth/episodes.csv"), key=lambda row: (row["person_id"], row["family"], row["started_on"]))
    for position, episode in enumerate(episodes):
        key = episode["person_id"], episode["family"]
        mine = [row for row in infusions[key] if episode["started_on"] <= row["service_date"] <= episode["last_infused_on"]]
        assert (episode["attributed"] == "true") == any(row["attributed"] == "true" for row in mine)
        if episode["attributed"] != "true":
            assert episode["outcome"] == ""
            continue
        follower = episodes[position + 1] if position + 1 < len(episodes) else None
        restarted = follower is not None and (follower["person_id"], follower["family"]) == key
        overdue, as_of, last = day(episode["overdue_on"]), date(2026, 7, 1), day(episode["last_infused_on"])
        established = next(
            (a for a, b in pairwise(mine) if (a["site_id"], a["site_class"]) == (b["site_id"], b["site_class"])), None
        )
        start = (established or mine[0])["ownership"] == "owned"
        end = mine[-1]["ownership"] == "owned"
        own_fills = [on for on in fills[key] if last < on]
        if established and start and not end:
            expected = "moved_out"
        elif not start and end:
            expected = "moved_in"
        elif mine[0]["ownership"] != "owned":
            expected = "never_captured"
        elif own_fills and not restarted and episode["family"] not in planned and (min(own_fills) - last).days <= 120:
            expected = "benefit_shift"
        elif (
            restarted
            or (episode["family"] in planned and own_fills)
            or len(mine) >= finite.get(episode["family"], 10**6)
            or episode["ended_because"] == "stopped"
            or (died[key[0]] and day(died[key[0]]) < min(overdue, as_of))
            or (day(until[key[0]]) + timedelta(days=1) < min(overdue, as_of))
        ):
            expected = "ended"
        elif overdue >= as_of:
            expected = "kept"
        else:
            feed = next(feed for first, end, feed in spans[key[0]] if first <= episode["overdue_on"] <= end)
            expected = "dark" if mature[feed, episode["overdue_on"][:7]] else "unknown"
        assert episode["outcome"] == expected, episode
        seen[expected] += 1
    assert {"moved_out", "never_captured", "benefit_shift", "ended", "dark", "kept"} <= set(seen)


def test_moves_have_reasons_and_two_infusions_before_them():
    moved = [row for row in table("truth/episodes.csv") if row["outcome"] == "moved_out"]
    assert len(moved) > 10
    assert all(row["reason"] and row["from_site_id"] != row["to_site_id"] for row in moved)
    assert {row["reason"] for row in moved} <= {
        "site_policy", "drug_source_policy", "access", "distance", "prescriber_left", "unexplained"
    }  # fmt: skip
    planned = [row for row in moved if row["planned_reason"] == "site_policy"]
    assert planned and all(row["reason"] == "site_policy" for row in planned)


def test_stops_that_were_recorded_stand_in_the_orders():
    stopped = [row for row in table("truth/episodes.csv") if row["ended_because"] == "stopped"]
    orders = {
        (row["person_id"], row["ordered_on"]) for row in table("orders.csv") if row["reject_reason"] == "Clinically inappropriate"
    }
    for row in stopped:
        assert any(person == row["person_id"] and row["last_infused_on"] < on <= row["overdue_on"] for person, on in orders)


def test_truth_without_run_out_shows_what_was_late(tmp_path, monkeypatch):
    """The same system, its claims paid for two more years: all that was late is there, and completion was what the key says."""
    create_rehearsal(tmp_path / "cut", people=250, seed=11)
    monkeypatch.setattr(write, "RUN_OUT_MONTHS", 24)
    create_rehearsal(tmp_path / "whole", people=250, seed=11)
    planted = [rows(tmp_path / name / "truth" / "infusions.csv") for name in ("cut", "whole")]
    assert [(row["person_id"], row["service_date"], row["site_id"]) for row in planted[0]] == [
        (row["person_id"], row["service_date"], row["site_id"]) for row in planted[1]
    ]
    hidden = [before for before in planted[0] if before["visible"] == "false" and "not_yet_paid" in before["hidden_by"]]
    assert hidden and all("not_yet_paid" not in row["hidden_by"] for row in planted[1])

    def lines(name: str) -> Counter:
        claims = {
            (row["claim_id"], row["data_source"], row["claim_start_date"][:7])
            for row in rows(tmp_path / name / "medical_claim.csv")
        }
        return Counter((feed, month) for claim, feed, month in claims if claim[-1] not in "VR")

    cut, whole = lines("cut"), lines("whole")
    for row in rows(tmp_path / "cut" / "truth" / "maturity.csv"):
        key = row["data_source"], row["month"]
        if whole[key] >= 60:
            assert cut[key] / whole[key] == pytest.approx(float(row["completion"]), abs=0.12), key
    immature = {row["month"] for row in rows(tmp_path / "cut" / "truth" / "leakage.csv") if row["mature"] == "false"}
    assert immature == {"2026-05", "2026-06"}


def test_the_invented_names_are_all_the_people_there_are():
    assert {row["person_id"] for row in table("medical_claim.csv") if row["person_id"]} <= {
        row["person_id"] for row in table("eligibility.csv")
    }
    assert system().exists()
