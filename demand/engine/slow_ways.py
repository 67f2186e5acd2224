"""One person's accepted lines and fills -> the person's infusions, in plain Python; grain: one `Infusion`.

The slow, obvious second implementation of definitions 2 and 4: no SQL, no joins, one person at a time, written from the
definitions and
not from the SQL stages, so that `check_numbers` compares two independent ways. Nothing else in the product may use it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction

from demand.engine.parameters import Parameters
from demand.engine.reference import Reference

HOME_POS = {"04", "12", "13", "14", "32", "33", "54", "55", "56"}
INFUSING = {"infusion_initial", "chemo_initial", "chemo_injection"}
NURSING = {"nursing_visit", "medicare_home_visit", "home_ivig"}
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(9999, 12, 31)


def _day(text: str | None, missing: dt.date) -> dt.date:
    return dt.date.fromisoformat(text) if text else missing


class World:
    """The reference as dictionaries. filled_payers: in small letters, those with a pharmacy claim in the run; None where one names nobody."""

    def __init__(self, reference: Reference, filled_payers: Collection[str | None] = ()) -> None:
        self.filled_payers = set(filled_payers)
        self.sources = [
            row for row in reference.policies.to_dict("records")
            if row["kind"] == "drug_source" and row["status"] == "in_force" and row["drug_source"] in ("sp_required", "sp_preferred")
        ]  # fmt: skip
        self.codes: dict[str, list[dict]] = defaultdict(list)
        for row in reference.drug_codes.to_dict("records"):
            self.codes[row["hcpcs_code"]].append(row)
        self.services = {row["hcpcs_code"]: (row["role"], row["kind"]) for row in reference.service_codes.to_dict("records")}
        self.sites: dict[str, list[dict]] = defaultdict(list)
        for row in reference.sites.to_dict("records"):
            if row["npi"] and row not in self.sites[row["npi"]]:
                self.sites[row["npi"]].append(row)
        self.roster: dict[str, list[dict]] = defaultdict(list)
        for row in reference.prescribers.to_dict("records"):
            self.roster[row["npi"]].append(row)
        self.taxonomies: dict[str, set[str]] = defaultdict(set)
        for row in reference.taxonomies.to_dict("records"):
            self.taxonomies[row["npi"]].add(row["taxonomy"])
        self.ndcs = {row["ndc_code"]: row for row in reference.ndcs.to_dict("records")}
        self.families = {row["family"]: row for row in reference.drug_families.to_dict("records")}
        self.family_of = {name: name for name in self.families}
        self.injected: dict[str, bool] = {}
        for row in reference.ndcs.to_dict("records"):
            self.family_of[row["molecule"]] = row["family"]
        for row in reference.drug_codes.to_dict("records"):
            self.family_of[row["molecule"]] = row["family"]
            self.injected[row["molecule"]] = self.injected.get(row["molecule"], True) and row["route"] in ("sc", "im")
        self.orders: dict[str, list[dict]] = defaultdict(list)
        for row in reference.orders.to_dict("records"):
            self.orders[row["person_id"]].append(row)
        self.logged: dict[tuple, set[str]] = defaultdict(set)
        self.kept_logs: dict[str, tuple[str, str]] = {}  # by site: the first and the last day noted, of any code
        for row in reference.white_bag_events.to_dict("records"):
            first, last = self.kept_logs.get(row["site_id"], (row["administered_on"],) * 2)
            self.kept_logs[row["site_id"]] = min(first, row["administered_on"]), max(last, row["administered_on"])
            for code in self.codes.get(row["hcpcs_code"], []):
                self.logged[row["site_id"], row["administered_on"]].add(code["family"])

    def on_roster(self, npi: str | None, day: dt.date) -> dict | None:
        for row in self.roster.get(npi or "", []):
            if _day(row["starts_on"], FIRST_DAY) <= day < _day(row["ends_on"], LAST_DAY):
                return row
        return None


@dataclass
class Infusion:
    day: dt.date
    site_id: str
    lines: list[dict] = field(default_factory=list)
    molecule: str | None = None
    family: str | None = None
    needs_drug: bool = False
    facility: bool = False
    supply: dict | None = None
    noted: str | None = None
    allowed: int | None = None
    site_class: str = "unknown"
    ownership: str = "unknown"
    channel: str = "unknown"
    confidence: str | None = None
    rule: str | None = None
    outcome: str | None = None
    dose: float | None = None

    @property
    def drugs(self) -> list[dict]:
        return [line for line in self.lines if line["role"] == "drug" and not line["supply"]]


def infusions_of(lines: list[dict], fills: list[dict], world: World, p: Parameters) -> list[Infusion]:
    """All outpatient infusions of one person. lines, fills: rows of a run's lines and pharmacy_fills as dictionaries."""
    lines = [dict(line) for line in lines]
    for line in lines:
        _role(line, world)
    claims = defaultdict(list)
    for line in lines:
        claims[line["data_source"], line["claim_id"]].append(line)
    home_days = {(line["service_date"]): [] for line in lines if line["role"] == "home_service"}
    for line in lines:
        if line["role"] == "home_service":
            home_days[line["service_date"]].append("SS" in line["mods"] or line["place_of_service_code"] in ("11", "49"))
    for line in lines:
        _place(line, claims[line["data_source"], line["claim_id"]], home_days.get(line["service_date"]), world, p)
    ours = [line for line in lines if line["role"] != "other" and line["outpatient"]]
    drugs = [line for line in ours if line["role"] == "drug" and not line["supply"]]
    infusions = _by_drug(drugs, p)
    shares = _add_services(infusions, [line for line in ours if line["role"] != "drug"], lines, p)
    _move_to_facility(infusions, p)
    _find_drugs(infusions, [line for line in ours if line["supply"]], fills, drugs, world, p)
    infusions = [one for one in infusions if not one.needs_drug or one.supply]
    _money(infusions, shares)
    for one in infusions:
        _describe(one, drugs, p)
    for one in infusions:
        _attribute(one, infusions, lines, fills, world, p)
    return infusions


def _role(line: dict, world: World) -> None:
    code, day = line["hcpcs_code"], line["service_date"]
    line["mods"] = set((line["modifiers"] or "").split(";"))
    known = world.codes.get(code, [])
    now = [row for row in known if _day(row["effective_from"], FIRST_DAY) <= day < _day(row["effective_to"], LAST_DAY)]
    line["kind"] = None
    if known:
        row = now[0] if now else max(known, key=lambda one: one["effective_from"] or "")
        line |= {"role": "drug", "molecule": row["molecule"], "family": row["family"]}
        line["dose"] = float(line["units"]) * float(now[0]["unit_amount"]) if now and line["units"] is not None else None
        line["waste"] = "JW" in line["mods"]
    else:
        role, kind = world.services.get(code, ("other", None))
        line |= {"role": role, "kind": kind}


def _place(line: dict, claim: list[dict], home_day: list[bool] | None, world: World, p: Parameters) -> None:
    """Rules 0 to 6."""
    form = line["claim_type"]
    if form not in ("institutional", "professional"):
        if line["bill_type_code"] or line["revenue_center_code"]:
            form = "institutional"
        else:
            form = "professional" if line["place_of_service_code"] else "unknown"
    bill, pos, day = (line["bill_type_code"] or "")[:2], line["place_of_service_code"], line["service_date"]
    emergency = any((row["revenue_center_code"] or "").rjust(4, "0").startswith("045") for row in claim)
    line["form"] = form
    line["outpatient"] = not (bill in ("11", "12", "18", "21") or pos in ("21", "23") or emergency)
    biller = line["billing_npi"] or line["rendering_npi"] or line["facility_npi"]
    taxonomies = world.taxonomies.get(biller or "", set())
    said = "unknown"
    if form == "professional":
        if pos in HOME_POS:
            said = "home"
        elif pos == "11":
            said = "infusion_center" if taxonomies & set(p.infusion_clinic_taxonomies) else "physician_office"
        else:
            said = {"19": "hopd_off_campus", "22": "hopd_on_campus", "49": "infusion_center", "24": "surgery_center"}.get(
                pos or "", "unknown"
            )
    elif form == "institutional" and bill in ("13", "85"):
        off = any(set((row["modifiers"] or "").split(";")) & {"PO", "PN"} for row in claim)
        said = "hopd_off_campus" if off else "hopd_on_campus"
    npis = [npi for npi in (line["facility_npi"], line["billing_npi"], line["rendering_npi"]) if npi]
    site, candidates = None, []
    for npi in npis:
        candidates = [
            row for row in world.sites.get(npi, []) if _day(row["opened_on"], FIRST_DAY) <= day < _day(row["closed_on"], LAST_DAY)
        ]
        if candidates:
            site = candidates[0] if len(candidates) == 1 else _fitting(candidates, said)
            break
    suite = home_day is not None and any(home_day)
    inferred = ("infusion_suite" if suite else "home") if home_day is not None else said
    line["site_id"] = site["site_id"] if site else (f"npi:{npis[0]}" if npis else "unknown")
    if site and site["site_class"] == "home_infusion":
        line["site_class"] = "infusion_suite" if suite else "home"
    elif site and site["site_class"] != "specialty_pharmacy":
        line["site_class"] = site["site_class"]
    else:
        line["site_class"] = "unknown" if candidates and not site else inferred
    if site:
        line["ownership"] = site["ownership"] or "unknown"
    elif candidates:
        owners = {row["ownership"] for row in candidates}
        line["ownership"] = owners.pop() or "unknown" if len(owners) == 1 else "unknown"
    else:
        line["ownership"] = "other" if npis else "unknown"
    pharmacy = any(one.startswith(p.pharmacy_taxonomy_prefix) for one in taxonomies) and not taxonomies & set(
        p.home_infusion_taxonomies
    )
    line["supply"] = line["role"] == "drug" and (
        (bool(site) and site["site_class"] == "specialty_pharmacy") or (not candidates and pharmacy)
    )
    known = [line[name] for name in ("allowed_cents", "paid_cents") if line[name] is not None]
    line["payable"] = max(known, default=line["charge_cents"] or 0) > p.payable_above_cents


def _fitting(candidates: list[dict], said: str) -> dict | None:
    exact = [row for row in candidates if row["site_class"] == said or (row["site_class"] == "home_infusion" and said == "home")]
    if exact:
        return exact[0] if len(exact) == 1 else None
    offices = ("infusion_center", "infusion_suite", "physician_office")
    near = [
        row
        for row in candidates
        if (row["site_class"] in offices and said in offices)
        or (row["site_class"] == "specialty_pharmacy" and said in ("home", "unknown"))
    ]
    return near[0] if len(near) == 1 else None


def _by_drug(drugs: list[dict], p: Parameters) -> list[Infusion]:
    """Drug lines by day, molecule and site; a professional one beside a facility's is the facility's."""
    groups: dict[tuple, Infusion] = {}
    for line in drugs:
        one = groups.setdefault(
            (line["service_date"], line["molecule"], line["site_id"]),
            Infusion(line["service_date"], line["site_id"], molecule=line["molecule"], family=line["family"]),
        )
        one.lines.append(line)
        one.facility = one.facility or line["form"] == "institutional"
    kept = [one for one in groups.values() if one.facility or not any(line["form"] == "professional" for line in one.lines)]
    for one in groups.values():
        if one in kept:
            continue
        near = [
            other for other in groups.values()
            if other.facility and other.molecule == one.molecule and abs((other.day - one.day).days) <= p.claim_merge_days
        ]  # fmt: skip
        if near:
            min(near, key=lambda other: (abs((other.day - one.day).days), other.day, other.site_id)).lines.extend(one.lines)
        else:
            kept.append(one)
    return sorted(kept, key=lambda one: (one.day, one.molecule, one.site_id))


def _same_provider(first: dict, second: dict) -> bool:
    return (
        (first["claim_id"], first["data_source"]) == (second["claim_id"], second["data_source"])
        or (
            first.get("site_id") == second.get("site_id")
            and first.get("site_id", "unknown") != "unknown"
            and first["role"] != "other"
        )
        or any(first[name] and first[name] == second[name] for name in ("billing_npi", "facility_npi", "rendering_npi"))
    )


def _add_services(infusions: list[Infusion], services: list[dict], lines: list[dict], p: Parameters) -> dict[int, list[Infusion]]:
    """Administration and home service lines to their infusions; what is left opens infusions of an unknown drug. Returns who
    shares a line."""
    pattern = re.compile(p.drug_code_pattern)
    others = [line for line in lines if line["role"] == "other" and line["hcpcs_code"] and pattern.search(line["hcpcs_code"])]
    drug_days = {line["service_date"] for one in infusions for line in one.drugs}
    shares: dict[int, list[Infusion]] = {}
    orphans: dict[tuple, list[tuple[dict, list[dict]]]] = defaultdict(list)
    for line in services:
        found: dict[tuple, list[Infusion]] = defaultdict(list)
        for one in infusions:
            for drug in one.drugs:
                days = abs((drug["service_date"] - line["service_date"]).days)
                same = _same_provider(line, drug)
                sides = days <= p.claim_merge_days and any(
                    first["form"] == "professional"
                    and first["place_of_service_code"] in ("19", "22")
                    and second["form"] == "institutional"
                    for first, second in ((line, drug), (drug, line))
                )
                nurse = line["role"] == "home_service" and drug["site_class"] in ("home", "infusion_suite") and days == 0
                if (
                    days <= p.administration_window_days
                    and (same or sides or nurse)
                    and one not in found[days, not same, drug["service_date"]]
                ):
                    found[days, not same, drug["service_date"]].append(one)
        found = {key: sharing for key, sharing in found.items() if sharing}
        treatments = [other for other in others if other["service_date"] == line["service_date"] and _same_provider(other, line)]
        if found and (min(found)[0] == 0 or not treatments):
            shares[id(line)] = found[min(found)]
            for one in found[min(found)]:
                one.lines.append(line)
        elif line["role"] == "administration" or line["kind"] in NURSING:
            orphans[line["service_date"], line["site_id"]].append((line, treatments))
    for (day, site_id), members in sorted(orphans.items(), key=lambda item: item[0]):
        treatments = [other["hcpcs_code"] for _, found in members for other in found]
        kinds = {line["kind"] for line, _ in members}
        if kinds == {"hydration"} or any(code not in p.premedication_codes for code in treatments):
            continue
        one = Infusion(
            day, site_id, [line for line, _ in members], facility=any(line["form"] == "institutional" for line, _ in members)
        )
        nurses = all(line["role"] == "home_service" for line, _ in members)
        one.needs_drug = nurses or day in drug_days or (bool(treatments) and not kinds & INFUSING)
        infusions.append(one)
    for one in [one for one in infusions if one.molecule is None]:
        if one.facility or not any(line["place_of_service_code"] in ("19", "22") for line in one.lines):
            continue
        near = [o for o in infusions if o.molecule is None and o.facility and abs((o.day - one.day).days) <= p.claim_merge_days]
        if near:
            min(near, key=lambda o: (abs((o.day - one.day).days), o.day, o.site_id)).lines.extend(one.lines)
            infusions.remove(one)
    return shares


def _move_to_facility(infusions: list[Infusion], p: Parameters) -> None:
    """A professional's drug whose administration stands on the facility's claim was given at the facility."""
    taken = {(one.day, one.molecule, one.site_id) for one in infusions}
    for one in infusions:
        if one.molecule is None or one.facility:
            continue
        seen = [
            (days, number, line["site_id"])
            for number, line in enumerate(one.lines)
            if line["role"] == "administration" and line["form"] == "institutional" and line["site_id"] != "unknown"
            and (days := min(abs((drug["service_date"] - line["service_date"]).days) for drug in one.drugs)) <= p.claim_merge_days
        ]  # fmt: skip
        if seen and (one.day, one.molecule, min(seen)[2]) not in taken:
            one.site_id = min(seen)[2]
            taken.add((one.day, one.molecule, one.site_id))


def _find_drugs(
    infusions: list[Infusion], supplies: list[dict], fills: list[dict], drugs: list[dict], world: World, p: Parameters
) -> None:
    """Rounds of mutual first choices between infusions without a payable drug line and drugs that a pharmacy supplied."""
    window = dt.timedelta(days=p.payable_window_days)
    needing = [
        one for one in infusions
        if not any(
            drug["payable"] and drug["molecule"] == own["molecule"] and drug["site_id"] == own["site_id"]
            and abs(drug["service_date"] - own["service_date"]) <= window
            for own in one.drugs for drug in drugs
        )
    ]  # fmt: skip
    offers: list[dict] = []
    for fill in fills:
        ndc = world.ndcs.get(fill["ndc_code"])
        if ndc and ndc["self_administered"] != "true":
            interval = float(world.families.get(ndc["family"], {}).get("interval_days") or 0)
            doses = int(float(fill["days_supply"]) / interval + 0.5) if fill["days_supply"] and interval else 1
            offers += [
                {"day": fill["dispensing_date"], "kind": "fill", "molecule": ndc["molecule"], "family": ndc["family"], "fill": fill,
                 "pharmacy": fill["dispensing_provider_npi"], "prescriber": fill["prescribing_provider_npi"], "dose": number,
                 "lines": []}
                for number in range(1, 1 + max(1, min(12, doses)))
            ]  # fmt: skip
    billed: dict[tuple, list[dict]] = defaultdict(list)
    for line in supplies:
        billed[line["service_date"], line["molecule"], line["billing_npi"] or line["rendering_npi"] or line["facility_npi"]].append(
            line
        )
    for (day, molecule, npi), members in billed.items():
        ordering = min((line["ordering_npi"] for line in members if line["ordering_npi"]), default=None)
        offers.append({"day": day, "kind": "medical", "molecule": molecule, "family": members[0]["family"], "pharmacy": npi,
                       "prescriber": ordering, "lines": members, "dose": 1})  # fmt: skip
    pairs = []
    for one in needing:
        stated = [
            world.ndcs[line["ndc_code"]]
            for line in one.lines
            if line["role"] == "administration" and line["ndc_code"] in world.ndcs
        ]
        molecule = one.molecule or min((ndc["molecule"] for ndc in stated), default=None)
        family = one.family or min((ndc["family"] for ndc in stated), default=None)
        logged = world.logged.get((one.site_id, one.day.isoformat()), set())
        ways = [
            line["kind"] in ("injection", "chemo_injection")
            for line in one.lines
            if line["role"] == "administration" and line["kind"] != "hydration"
        ]
        for offer in offers:
            days = (offer["day"] - one.day).days
            if not -p.fill_days_before <= days <= p.fill_days_after or (family and family != offer["family"]):
                continue
            quality = 3
            if molecule == offer["molecule"] or offer["family"] in logged:
                quality = 0
            elif family:
                quality = 1
            elif offer["kind"] == "medical" and abs(days) <= p.fill_days_after:
                quality = 2
            injected = world.injected.get(offer["molecule"])
            odd = bool(ways) and injected is not None and all(ways) != injected
            pairs.append((quality, odd, abs(days), one, offer))
    while pairs:
        for_one = {id(one): min((pair for pair in pairs if pair[3] is one), key=_offer_order) for *_, one, _ in pairs}
        for_offer = {id(offer): min((pair for pair in pairs if pair[4] is offer), key=_need_order) for *_, offer in pairs}
        agreed = [pair for pair in for_one.values() if for_offer[id(pair[4])] is pair]
        for quality, _, _, one, offer in agreed:
            one.supply = offer
            one.confidence = "confirmed" if quality in (0, 2) else "probable"
            owned = any(site["ownership"] == "owned" for site in world.sites.get(offer["pharmacy"] or "", []))
            one.channel = "clear_bag" if owned else "white_bag"
        gone = {id(thing) for pair in agreed for thing in pair[3:]}
        pairs = [pair for pair in pairs if id(pair[3]) not in gone and id(pair[4]) not in gone]
    for one in infusions:
        if one not in needing:
            one.channel = "buy_and_bill"
    _note([one for one in needing if one.supply is None and not one.needs_drug], infusions, world, p)


def _note(open_ones: list[Infusion], infusions: list[Infusion], world: World, p: Parameters) -> None:
    """A person's infusions without a drug -> probable, where the clinic's log or, without pharmacy claims of the payer, something else says so."""
    possible = [(one, days, family) for one in open_ones for days, family in _therapies(one, infusions, world)]
    therapies = defaultdict(list)
    for one, _, family in possible:
        therapies[one.site_id, family].append(one)
    said = [(one, 0, days, family) for one, days, family in possible if family in _logged(one, world)]
    supposable = []
    for one, days, family in possible:
        kept = [other for other in therapies[one.site_id, family] if _keeps_log(other, world)]
        noted = sum(family in _logged(other, world) for other in kept)
        if not _has_fills(one, world) and (len(kept) < p.log_doses or noted >= p.log_share * len(kept)):
            supposable.append((one, days, family))
    said += [(one, 1, days, family) for one, days, family in supposable if _free_of_charge(one, p)]
    said += [(one, 2, days, family) for one, days, family in supposable if _asks_for_a_bag(one, family, world)]
    bagged = {(one.site_id, family) for one, _, _, family in said}
    said += [(one, 3, days, family) for one, days, family in supposable if (one.site_id, family) in bagged]
    for one in open_ones:
        if reasons := [reason[1:] for reason in said if reason[0] is one]:
            one.channel, one.confidence, one.noted = "white_bag", "probable", min(reasons)[2]


def _therapies(one: Infusion, infusions: list[Infusion], world: World) -> list[tuple[float, str]]:
    """(days to the nearest dose, family) of what it may have been."""
    stated = [
        world.ndcs[line["ndc_code"]]["family"]
        for line in one.lines
        if line["role"] == "administration" and line["ndc_code"] in world.ndcs
    ]
    if own := one.family or min(stated, default=None):
        return [(0, own)]
    nearest: dict[str, int] = {}
    for other in infusions:
        if other.family:
            nearest[other.family] = min(abs((other.day - one.day).days), nearest.get(other.family, math.inf))
    logged = _logged(one, world)
    return [(days, family) for family, days in nearest.items()] or ([(0, *logged)] if len(logged) == 1 else [])


def _logged(one: Infusion, world: World) -> set[str]:
    return world.logged.get((one.site_id, one.day.isoformat()), set())


def _keeps_log(one: Infusion, world: World) -> bool:
    kept = world.kept_logs.get(one.site_id)
    return kept is not None and kept[0] <= one.day.isoformat() <= kept[1]


def _free_of_charge(one: Infusion, p: Parameters) -> bool:
    charges = [line["charge_cents"] for line in one.drugs if line["charge_cents"] is not None]
    given = any(line["role"] == "administration" for line in one.lines)
    return given and bool(charges) and max(charges) <= p.payable_above_cents


def _billed(one: Infusion, name: str) -> str | None:
    return min((line[name] for line in one.lines if line[name]), default=None)


def _has_fills(one: Infusion, world: World) -> bool:
    payer = _billed(one, "payer")
    return None in world.filled_payers or (payer is not None and payer.lower() in world.filled_payers)


def _asks_for_a_bag(one: Infusion, family: str, world: World) -> bool:
    payer, lob, funding = (_billed(one, name) for name in ("payer", "line_of_business", "funding_type"))
    return any(
        payer is not None
        and row["payer"].lower() == payer.lower()
        and (not row["line_of_business"] or row["line_of_business"] == lob)
        and (not (told := (json.loads(row["document"] or "{}").get("scope") or {}).get("funding")) or funding in (*told, "unknown"))
        and _day(row["effective_from"], FIRST_DAY) <= one.day < _day(row["effective_to"], LAST_DAY)
        and (not row["drug"] or (row["drug_kind"] in ("molecule", "family") and row["drug"].lower() == family))
        for row in world.sources
    )


def _offer_order(pair: tuple) -> tuple:
    offer = pair[4]
    return (*pair[:3], offer["day"], offer["kind"], offer["molecule"], offer["dose"])


def _need_order(pair: tuple) -> tuple:
    one = pair[3]
    return (*pair[:3], one.day, one.molecule or "", one.site_id)


def _money(infusions: list[Infusion], shares: dict[int, list[Infusion]]) -> None:
    """Allowed cents; a line of several infusions is split by their drugs' allowed, the cents left over to the largest
    remainders."""
    parts: dict[int, dict[int, int]] = {}
    for line in {id(line): line for one in infusions for line in one.lines if len(shares.get(id(line), ())) > 1}.values():
        sharing, amount = shares[id(line)], line["allowed_cents"]
        if amount is None:
            continue
        weights = [max(0, sum(drug["allowed_cents"] or 0 for drug in one.drugs)) for one in sharing]
        weights = weights if sum(weights) else [1] * len(sharing)
        exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
        whole = [int(share) for share in exact]
        order = sorted(range(len(sharing)), key=lambda place: (-(exact[place] - whole[place]), place))
        for place in order[: amount - sum(whole)]:
            whole[place] += 1
        parts[id(line)] = {id(one): cents for one, cents in zip(sharing, whole, strict=True)}
    for one in infusions:
        if one.supply and one.supply["lines"]:
            one.lines.extend(one.supply["lines"])
        known = [
            parts[id(line)][id(one)] if id(line) in parts else line["allowed_cents"]
            for line in one.lines
            if line["allowed_cents"] is not None
        ]
        one.allowed = sum(known) if known else None


def _describe(one: Infusion, drugs: list[dict], p: Parameters) -> None:
    at_site = [line for line in one.lines if line["site_id"] == one.site_id and not line["supply"]]
    first = max(
        at_site,
        key=lambda line: (
            line["role"] == "drug",
            line["form"] == "institutional",
            line["allowed_cents"] is not None,
            line["allowed_cents"] or 0,
        ),
    )
    one.site_class, one.ownership = first["site_class"], first["ownership"]
    if one.molecule is None and one.supply:
        one.molecule, one.family = one.supply["molecule"], one.supply["family"]
    one.family = one.family or one.noted
    if (
        one.channel == "buy_and_bill"
        and one.site_class in ("home", "infusion_suite")
        and any(line["role"] == "home_service" for line in one.lines)
    ):
        one.channel = "home_per_diem"
    doses = [line for line in one.drugs if not line["waste"]] or [
        line for line in one.lines if line["supply"] and not line["waste"]
    ]
    if any(line["form"] == "institutional" for line in one.drugs):
        doses = [line for line in doses if line["form"] == "institutional"]
    one.dose = sum(line["dose"] for line in doses) if doses and all(line["dose"] is not None for line in doses) else None


def _attribute(one: Infusion, infusions: list[Infusion], lines: list[dict], fills: list[dict], world: World, p: Parameters) -> None:
    def named(column: str, members: list[dict]) -> str | None:
        ranked = sorted(
            (line for line in members if line[column]),
            key=lambda line: (
                line["site_id"] != one.site_id or line["supply"], line["role"] != "drug" or line["supply"],
                line["form"] != "institutional", line["allowed_cents"] is None, -(line["allowed_cents"] or 0), line["extract_id"],
                line["file_no"], line["row_number"],
            ),
        )  # fmt: skip
        return ranked[0][column] if ranked else None

    person = lines[0]["person_id"]
    ordering = named("ordering_npi", one.lines) or (one.supply or {}).get("prescriber")
    if not ordering:
        since = one.day - dt.timedelta(days=p.order_valid_days)
        placed = [
            order for order in world.orders.get(person, [])
            if order["ordering_npi"] and world.family_of.get((order["molecule"] or "").lower()) == one.family and one.family
            and since <= dt.date.fromisoformat(order["ordered_on"]) <= one.day
        ]  # fmt: skip
        if placed:
            ordering = max(placed, key=lambda order: (order["ordered_on"], order["order_id"]))["ordering_npi"]
    rendering = named("rendering_npi", [line for line in one.lines if not line["supply"]])
    if world.on_roster(ordering or rendering, one.day):
        one.rule = "ordering_npi" if ordering else "rendering_npi"
    elif not ordering and not rendering and _mostly_inside(one, infusions, lines, world, p):
        one.rule = "majority"
    if one.rule:
        owned = {"buy_and_bill": "kept", "clear_bag": "kept", "home_per_diem": "kept", "white_bag": "margin_leak"}
        one.outcome = {"other": "site_leak", "partner": "partner", "owned": owned.get(one.channel, "unknown")}.get(
            one.ownership, "unknown"
        )


def _mostly_inside(one: Infusion, infusions: list[Infusion], lines: list[dict], world: World, p: Parameters) -> bool:
    months = one.day.year * 12 + one.day.month - 1 - p.majority_months
    year, month = divmod(months, 12)
    last = (dt.date(year + month // 11, (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    since = dt.date(year, month + 1, min(one.day.day, last))
    seen = [other.ownership == "owned" for other in infusions if since <= other.day < one.day]
    specialties = (world.families.get(one.family or "", {}).get("specialties") or "").lower().split(";")
    visits = {}
    for line in lines:
        who = line["rendering_npi"] or line["billing_npi"]
        if line["hcpcs_code"] in p.office_visit_codes and since <= line["service_date"] < one.day:
            for row in world.roster.get(who or "", []):
                if (row["specialty"] or "").lower() in specialties:
                    inside = _day(row["starts_on"], FIRST_DAY) <= line["service_date"] < _day(row["ends_on"], LAST_DAY)
                    visits[line["service_date"], who, row["specialty"], inside] = inside
    seen += list(visits.values())
    return 2 * sum(seen) > len(seen)
