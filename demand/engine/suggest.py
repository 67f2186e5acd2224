"""A layout and a kind -> for each column of ours, the source column it probably is. Grain: one suggestion per column, or none.

Evidence is the name (the same, a common other name, nearly one) and the sample's values (what share looks like such values); a
suggestion says both, and how sure it is. Nothing is taken over without a person's yes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from demand.engine.columns import KINDS, LEFT_OUT, MEDICAL, plain
from demand.engine.layout import Layout
from demand.engine.mapping import DATE_FORMS, MOST_REPEATS, Rule, is_date, is_number, shape_of
from demand.engine.payer_names import looks

SURE, LIKELY = 0.85, 0.6
# What exports call our columns, letters and digits only. From public layouts (Tuva, CMS, SynPUF, X12 words) and common usage.
OTHER_NAMES: dict[str, str] = {
    "claim_id": "claimid claimnumber claimno claimnum clmid clmno clmnum claim icn dcn tcn claimcontrolnumber claimkey internalcontrolnumber",
    "claim_line_number": "linenumber lineno linenum line claimline claimlineno clmln claimlineid linenbr clmlinenum servicelinenumber seqno linesequence",
    "person_id": "patientid personid memberid mbrid desynpufid beneid benesk bene enrolid enrolleeid subscriberid patid mbrno membernumber memberno "
    "memid patientnumber patientkey memberkey mrn uniquememberid",
    "payer": "payer payor payername payorname planname insurer carrier insurancecompany healthplan plansponsor company",
    "plan": "plan product productname planid plancode planproduct benefitplan planname",
    "claim_type": "claimtype clmtype formtype claimform typeofclaim",
    "claim_start_date": "servicedate dateofservice dos fromdate servicefromdate svcdate srvdate serviceFrom datefrom clmfromdt fromdos dosfrom firstdos "
    "servicestart servicestartdate servicedatefrom firstservicedate claimfromdate begindate servicebegindate",
    "claim_end_date": "throughdate thrudate todate servicetodate clmthrudt dosto lastdos serviceenddate servicedateto enddate claimtodate",
    "claim_line_start_date": "linefromdate lineservicedate linefrom lineservicefrom linedos line1stexpnsdt lineservicefromdate",
    "place_of_service_code": "pos placeofservice poscode placeofsvc placeofservicecode lineplaceofservice lineplaceofsrvccd svcplace",
    "bill_type_code": "billtype typeofbill tob billtypecode clmbilltype ubtype",
    "revenue_center_code": "revcode revenuecode revcd revenuecd revcntr revenue ubrevcode revenuecenter revenuecentercode",
    "service_unit_quantity": "qty quantity units unit servicequantity unitsofservice serviceunits svcunits units1 linesrvccnt billedunits quantityunits "
    "unitcount servicecount revcntrunitcnt paidunits",
    "hcpcs_code": "hcpcs cpt procedurecode proccode proccd cptcode hcpcscode hcpcscd procedure cpthcpcs hcpcscpt servicecode svccode proc cptcd",
    "rendering_npi": "renderingnpi renderingprovidernpi servicingnpi servicingprovidernpi performingnpi treatingnpi prfphysnnpi rendprovnpi "
    "renderingproviderid servicingproviderid providernpi atphysnnpi attendingnpi",
    "billing_npi": "billingnpi billingprovidernpi billnpi payto paytonpi groupnpi billingproviderid billprovnpi orgnpi",
    "facility_npi": "facilitynpi facilityprovidernpi servicelocationnpi servicefacilitynpi orgnpinum locationnpi hospitalnpi",
    "ordering_npi": "orderingnpi orderingprovidernpi referringnpi referringprovidernpi refnpi refprovnpi prescribernpi requestingnpi ordernpi",
    "billing_tin": "tin taxid billingtin taxnum billingtaxid ein federaltaxid",
    "ndc_code": "ndc ndccode drugndc ndc11 ndcnumber nationaldrugcode prodsrvcid prodserviceid drugcode productndc",
    "paid_date": "paiddate paymentdate datepaid pddate checkdate adjudicationdate paydate clmpaiddt processdate",
    "paid_amount": "paidamt paidamount paid planpaid netpaid pmtamt payment clmpmtamt linenchpmtamt paymentamount totalpaid amtpaid insurancepaid "
    "planpaidamount totrxcstamt",
    "allowed_amount": "allowedamt allowedamount allowed allowedamnt eligibleamount contractallowed linealowdchrgamt allowamt amtallowed approvedamount",
    "charge_amount": "chargeamt billedamt billedamount charges charge chargedamount submittedamt submittedcharge linesbmtdchrgamt billed totalcharges",
    "coinsurance_amount": "coinsurance coinsamt coinsuranceamt linecoinsrncamt nchbeneptbcoinsrncamt coins coinamount",
    "copayment_amount": "copay copayamt copayment copayamount copaymentamt ptntpayamt patientpayamount patientpay memberpaid",
    "deductible_amount": "deductible deductibleamt deductamt ded dedamt linebeneptbddctblamt nchbeneptbddctblamt",
    "diagnosis_code_type": "dxtype diagtype icdversion icdtype dxversion diagnosiscodetype dxcodetype",
    "authorization_id": "authid authnumber authorizationnumber authno priorauth authorization paauth referralauth authorizationno priorauthnumber",
    "authorization_end_date": "authend authenddate authorizationend authexpires authexpirationdate",
    "in_network_flag": "innetwork network networkindicator parstatus par innet innetworkflag networkflag",
    "data_source": "datasource source sourcesystem feed",
    "file_date": "filedate extractdate asofdate loaddate",
    "dispensing_date": "dispensingdate filldate datefilled dispensedate rxdate srvcdt servicedate dateofservice fill dispenseddate",
    "prescribing_provider_npi": "prescribernpi prescribingnpi prescriberid prscrbrid physiciannpi prescriber prescribingprovidernpi",
    "dispensing_provider_npi": "pharmacynpi dispensingnpi pharmacyid dispensingprovidernpi pharmacyprovidernpi serviceprovidernpi",
    "quantity": "quantity qty quantitydispensed qtydspnsdnum metricqty dispensedquantity metricquantity",
    "days_supply": "dayssupply daysupply dayssuplynum days supplydays",
    "gender": "gender sex sexcd patientsex membergender benesexidentcd",
    "birth_date": "birthdate dob dateofbirth benebirthdt patientdob memberdob",
    "death_date": "deathdate dod dateofdeath benedeathdt",
    "enrollment_start_date": "enrollmentstart effectivedate effdate coveragestart startdate enrollstart begindate coveragestartdate enrollmenteffectivedate fromdate",
    "enrollment_end_date": "enrollmentend termdate terminationdate coverageend enddate enrollend coverageenddate expirationdate todate",
    "payer_type": "payertype lob lineofbusiness insurancetype plantype businessline productline",
    "group_id": "groupid groupnumber groupno employergroup grpid grp",
    "state": "state servicestate memberstate patientstate statecode st",
    "zip_code": "zip zipcode patientzip memberzip postalcode zip5 patientzipcode memberzipcode",
    "funding_type": "funding fundingtype asoindicator selffunded fundingarrangement aso",
}  # fmt: skip
_GROUPS = {"hcpcs_modifier": "modifier mod modcd hcpcsmod hcpcsmodifier proceduremodifier hcpcsmdfrcd", "diagnosis_code": "diag dx diagnosis icd diagnosiscode "
           "icd9dgnscd icd10dgnscd icddgnscd diagcd dxcode icdcode icd9code icd10code", "procedure_code": "icdproc surgproc icd9prcdrcd icdprcdrcd icdprocedure"}  # fmt: skip

_POS_WORDS = {
    "o": "11", "office": "11", "physician office": "11", "doctor's office": "11", "home": "12", "patient home": "12", "h": "12",
    "f": "22", "facility": "22", "outpatient": "22", "outpatient hospital": "22", "on campus-outpatient hospital": "22", "hopd": "22",
    "on-campus outpatient hospital": "22", "off campus-outpatient hospital": "19", "off-campus outpatient hospital": "19",
    "inpatient": "21", "inpatient hospital": "21", "emergency room": "23", "er": "23", "ed": "23", "asc": "24", "ambulatory surgical center": "24",
    "independent clinic": "49", "clinic": "49", "snf": "31", "skilled nursing facility": "31",
}  # fmt: skip
_CLAIM_TYPES = {
    "p": "professional", "prof": "professional", "physician": "professional", "cms1500": "professional", "cms-1500": "professional",
    "hcfa": "professional", "837p": "professional", "carrier": "professional", "i": "institutional", "h": "institutional",
    "inst": "institutional", "facility": "institutional", "hospital": "institutional", "ub": "institutional", "ub04": "institutional",
    "ub-04": "institutional", "837i": "institutional", "outpatient": "institutional", "inpatient": "institutional",
}  # fmt: skip
_FUNDING = {
    "aso": "self_funded", "self-funded": "self_funded", "self funded": "self_funded", "self-insured": "self_funded", "self insured": "self_funded",
    "si": "self_funded", "sf": "self_funded", "fi": "insured", "fully insured": "insured", "fully-insured": "insured", "full": "insured",
    "insured": "insured", "gov": "government", "government": "government",
}  # fmt: skip
WORDS = {"place_of_service_code": _POS_WORDS, "claim_type": _CLAIM_TYPES, "funding_type": _FUNDING}
_UNSURE = {
    (
        "place_of_service_code",
        "f",
    ): "F says only that it was a facility: 22 is a hospital's department on campus. Check it with the payer."
}


@dataclass(frozen=True)
class Suggestion:
    """`confidence` 0 to 1; `why` in words, for people."""

    rule: Rule
    confidence: float
    why: str

    @property
    def word(self) -> str:
        return "sure" if self.confidence >= SURE else "likely" if self.confidence >= LIKELY else "perhaps"


@dataclass(frozen=True)
class Proposal:
    """Suggestions by column, and how often the numbered columns stand on a row (0: they do not)."""

    suggestions: dict[str, Suggestion]
    repeat: int = 0


def suggest(layout: Layout, kind_name: str, known_payers: Sequence[str] = ()) -> Proposal:
    """What each column of the kind probably is in this layout. `known_payers`: names as registers and policies spell them."""
    kind = KINDS[kind_name]
    cells = {place: [row[place] for row in layout.rows if row[place].strip()] for place in range(len(layout.names))}
    bases = {base: count for base, count in _numbered(layout.names).items() if count >= 2} if kind_name == MEDICAL else {}
    found: list[tuple[float, int, str, int, str]] = []
    for order, column in enumerate(kind.columns):
        for place, name in enumerate(layout.names):
            if not name.strip():
                continue
            confidence, why = _judge(column, name, cells[place], bases)
            if confidence >= 0.35:
                found.append((-confidence, order, column, place, why))
    suggestions: dict[str, Suggestion] = {}
    taken: set[int] = set()
    for negative, _, column, place, why in sorted(found):
        if column in suggestions or place in taken:
            continue
        taken.add(place)
        suggestions[column] = _with_forms(column, layout, place, cells[place], -negative, why, known_payers)
    repeat = _repeat(suggestions, bases)
    if repeat:
        suggestions = _repeated(suggestions, bases, repeat)
    if "claim_line_number" in kind.needed and "claim_line_number" not in suggestions:
        suggestions["claim_line_number"] = Suggestion(
            Rule(built="repeat_number" if repeat else "line_number"), 0.9,
            "No column numbers the lines of a claim; they can be numbered "
            + ("by the repeated column they stand in." if repeat else "from what tells them apart (code, dates), so that a line that comes again has the same number."),
        )  # fmt: skip
    return Proposal({column: suggestions[column] for column in kind.columns if column in suggestions}, repeat)


# Names


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", plain(name))


_KNOWN = {_letters(name) for kind in KINDS.values() for name in (*kind.columns, *LEFT_OUT[kind.name])}


def _names_of(column: str) -> list[str]:
    group, _, number = column.rpartition("_")
    if number.isdigit() and group in _GROUPS:
        return [f"{name}{number}" for name in _GROUPS[group].split()]
    return [name.lower() for name in OTHER_NAMES.get(column, "").split()]


def _judge(column: str, name: str, cells: list[str], bases: dict[str, int]) -> tuple[float, str]:
    """(confidence, why) that the source column `name` is `column`; of columns that are numbered on, the first may stand for all."""
    letters, own = _letters(name), _letters(column)
    others = _names_of(column)
    first = _first_of(name, bases)
    if first and letters not in others and _letters(first) in others:
        letters = _letters(first)
    if letters == own or (column == "person_id" and plain(name) == "patient_id"):
        by_name, said = 1.0, "The name is the same"
    elif letters in others:
        # The earlier in the list, the more usual; the order decides between columns that share a name.
        by_name, said = 0.93 - 0.002 * others.index(letters), f"“{name.strip()}” is a usual name for it"
    else:
        number = column.rpartition("_")[2]
        other_number = number.isdigit() and not letters.endswith(number)
        near = (
            0.0
            if letters in _KNOWN or other_number
            else max(difflib.SequenceMatcher(None, letters, other).ratio() for other in [own, *others])
        )
        by_name, said = (0.7 * near, f"“{name.strip()}” is nearly its name") if near >= 0.84 else (0.0, "")
    looks = _LOOKS.get(_look_of(column))
    if looks is None or not cells:
        return by_name, said + ("." if said else "")
    share = sum(1 for cell in cells if looks(cell.strip())) / len(cells)
    seen = f"{share:.0%} of the sample's values look like {_LOOK_WORDS[_look_of(column)]}"
    if by_name:
        confidence = by_name if share >= 0.9 else by_name * (0.4 + 0.6 * share)
        return confidence, f"{said}; {seen}."
    if _look_of(column) in _TELLING and share >= 0.9 and column in _BY_VALUES:
        return 0.45, f"{seen[0].upper()}{seen[1:]}."
    return 0.0, ""


# Values

_DATE_TEXT = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([ T][\d:.]+)?|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}( [\d:.]+( ?[AP]M)?)?|(19|20)\d{6}|\d{4}/\d{2}/\d{2}|\d{1,2}-?[A-Za-z]{3}-?\d{4}|[01]\d[0-3]\d(19|20)\d\d"
)
_LOOKS: dict[str, Callable[[str], object]] = {
    "date": _DATE_TEXT.fullmatch,
    "amount": re.compile(r"[($ -]*\d[\d,. ]*\)?").fullmatch,
    "npi": re.compile(r"[12]\d{9}").fullmatch,
    "ndc": re.compile(r"\d{11}|\d{4,5}-\d{3,4}-\d{1,2}").fullmatch,
    "hcpcs": re.compile(r"(?i:[A-V]\d{4}|\d{4}[0-9A-Z])[A-Z0-9]{0,4}").fullmatch,
    "pos": re.compile(r"\d{1,2}|[A-Z]").fullmatch,
    "bill_type": re.compile(r"0?\d{2}[0-9A-Z]").fullmatch,
    "revenue": re.compile(r"0?\d{3}").fullmatch,
    "zip": re.compile(r"\d{5}(-?\d{4})?").fullmatch,
    "state": re.compile(r"[A-Za-z]{2}").fullmatch,
    "line": re.compile(r"\d{1,4}").fullmatch,
    "modifier": re.compile(r"[A-Z0-9]{2}").fullmatch,
    "diagnosis": re.compile(r"[A-Z]\d[0-9A-Z]\.?[0-9A-Z]{0,4}|[0-9VE]\d{2,3}\.?\d{0,2}").fullmatch,
}
_LOOK_WORDS = {
    "date": "dates", "amount": "numbers", "npi": "provider numbers (NPI)", "ndc": "drug codes (NDC)", "hcpcs": "HCPCS codes",
    "pos": "places of service", "bill_type": "types of bill", "revenue": "revenue codes", "zip": "ZIP codes", "state": "states",
    "line": "line numbers", "modifier": "modifiers", "diagnosis": "diagnosis codes",
}  # fmt: skip
_TELLING = {"hcpcs", "ndc"}
_BY_VALUES = {"hcpcs_code", "ndc_code"}
_LOOK_BY_COLUMN = {
    "ndc_code": "ndc", "hcpcs_code": "hcpcs", "place_of_service_code": "pos", "bill_type_code": "bill_type", "revenue_center_code": "revenue",
    "zip_code": "zip", "state": "state", "claim_line_number": "line",
}  # fmt: skip


def _look_of(column: str) -> str:
    if is_date(column):
        return "date"
    if is_number(column):
        return "amount"
    if column.endswith("_npi"):
        return "npi"
    for group, look in (("hcpcs_modifier_", "modifier"), ("diagnosis_code_", "diagnosis")):
        if column.startswith(group) and column.removeprefix(group).isdigit():
            return look
    return _LOOK_BY_COLUMN.get(column, "")


def _with_forms(
    column: str, layout: Layout, place: int, cells: list[str], confidence: float, why: str, known_payers: Sequence[str]
) -> Suggestion:
    """The suggestion with how its dates, amounts and values are written."""
    rule = {"sources": (layout.names[place],)}
    if is_date(column):
        form, note = date_form(cells)
        rule["date_form"] = form
        why, confidence = f"{why} {note}".strip(), min(confidence, 0.7) if note else confidence
    elif is_number(column):
        rule["number_form"] = number_form(cells)
    values = translations(column, [value for value, _ in layout.values.get(place, [])], known_payers)
    if values:
        rule["values"] = tuple(values.items())
        unsure = [
            note for (of, value), note in _UNSURE.items() if of == column and any(written.lower() == value for written in values)
        ]
        why, confidence = " ".join([why, *unsure]), min(confidence, 0.7) if unsure else confidence
    return Suggestion(Rule(**rule), round(confidence, 2), why)


def date_form(cells: Iterable[str]) -> tuple[str, str]:
    """(form, what to check) in which most of these dates are written; "" for YYYY-MM-DD, which needs no form."""
    cells = [cell.strip() for cell in cells][:400]
    if not cells:
        return "", ""
    scores = {}
    for form, pattern in DATE_FORMS.items():
        scores[form] = sum(_is_written(cell, form, pattern) for cell in cells) / len(cells)
    best = max(scores, key=lambda form: scores[form])  # the first of equals: months before days, as the United States write
    if scores[best] < 0.5:
        return "", ""
    ambiguous = best == "MM/DD/YYYY" and scores["DD/MM/YYYY"] == scores[best]
    return ("" if best == "YYYY-MM-DD" else best), (
        "Month and day cannot be told apart in the sample: check which comes first." if ambiguous else ""
    )


def number_form(cells: Iterable[str]) -> str:
    """The form in which most of these amounts are written; "" for plain numbers, which need none."""
    cells = [cell.strip() for cell in cells][:400]
    if any(re.fullmatch(r"-?\d{1,3}(\.\d{3})*,\d{1,2}", cell) for cell in cells) and not any(
        re.search(r",.*\.", cell) for cell in cells
    ):
        return "1.234,50"
    return "$1,234.50 or (1,234.50)" if any(re.search(r"[$,(]", cell) for cell in cells) else ""


_MIDNIGHT = re.compile(r"[ T]+(0?0:00(:00)?(\.0+)?|12:00(:00)? ?[aA][mM])$")


def _is_written(cell: str, form: str, pattern: str) -> bool:
    if pattern == "time":
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T][\d:.]+(Z|[+-][\d:]+)?", cell)) and not _MIDNIGHT.search(cell)
    day = _MIDNIGHT.sub("", cell)
    if pattern and not re.fullmatch(shape_of(pattern), day):
        return False
    try:
        read = datetime.strptime(day, pattern or "%Y-%m-%d")  # noqa: DTZ007 (a day, no instant)
    except ValueError:
        return False
    return 1900 <= read.year <= 2100


def translations(column: str, values: Iterable[str], known_payers: Sequence[str] = ()) -> dict[str, str]:
    """Values that probably mean something else than they say: {as written: what it means}."""
    values = [value for value in values if value]
    if column in WORDS:
        words = WORDS[column]
        return {
            value: words[value.strip().lower()]
            for value in values
            if value.strip().lower() in words and words[value.strip().lower()] != value
        }
    if column != "payer":
        return {}
    spelled = {looks(name): name for name in reversed(known_payers)}
    meant = {}
    for value in values:  # frequent ones first: the spelling that most rows have stands for its variants
        key = looks(value) or value
        spelled.setdefault(key, value)
        if spelled[key] != value:
            meant[value] = spelled[key]
    return meant


# Rows that hold several lines

_NUMBERED = re.compile(r"(.*?[^0-9])0*([1-9][0-9]?)")


def _first_of(name: str, bases: dict[str, int]) -> str:
    match = _NUMBERED.fullmatch(name.strip())
    return match[1] if match and match[2] == "1" and match[1] in bases else ""


def _repeat(suggestions: dict[str, Suggestion], bases: dict[str, int]) -> int:
    """How often HCPCS codes stand on a row: HCPCS_CD_1 … HCPCS_CD_45 gives 45."""
    code = suggestions.get("hcpcs_code")
    base = _first_of(code.rule.sources[0], bases) if code else ""
    return bases[base] if base and bases[base] <= MOST_REPEATS else 0


def _numbered(names: Sequence[str]) -> dict[str, int]:
    """Base name -> n, where base1 … base<n> all stand in the header."""
    found: dict[str, set[int]] = {}
    for name in names:
        if (match := _NUMBERED.fullmatch(name.strip())) and name.strip() == f"{match[1]}{match[2]}":
            found.setdefault(match[1], set()).add(int(match[2]))
    return {base: len(numbers) for base, numbers in found.items() if numbers == set(range(1, len(numbers) + 1))}


def _repeated(suggestions: dict[str, Suggestion], bases: dict[str, int], repeat: int) -> dict[str, Suggestion]:
    """Sources that are numbered as often as the codes become numbered sources; a claim's diagnoses stay the claim's."""
    kept = {}
    for column, suggestion in suggestions.items():
        base = _first_of(suggestion.rule.sources[0], bases) if suggestion.rule.sources else ""
        if base and bases[base] == repeat and not column.startswith(("diagnosis_code_", "procedure_code_")):
            rule = Rule(**{**vars(suggestion.rule), "sources": (f"{base}{{n}}",)})
            kept[column] = Suggestion(rule, suggestion.confidence, f"{suggestion.why} It stands {repeat} times on a row.")
        else:
            kept[column] = suggestion
    return kept
