"""The mapping page: for each column of ours where its text comes from, what is suggested and why, and the sample before and after."""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace

from django.conf import settings

from demand import storage
from demand.engine.columns import KINDS, plain
from demand.engine.encodings import ENCODINGS
from demand.engine.header import DELIMITERS
from demand.engine.layout import Layout
from demand.engine.mapping import BUILT, DATE_FORMS, NUMBER_FORMS, Mapping, MappingError, ReadAs, Rule, is_date, is_number
from demand.engine.preview import Preview, preview
from demand.engine.suggest import Proposal, Suggestion, suggest
from demand.mapping_form import BUILT_PREFIX, COLUMN, CONSTANT, NONE
from demand.models import ColumnMapping, Extract, ExtractFile
from payers.models import ClaimCode, Payer, Policy, Rate

# What each column is, for people who know claims but not our names.
COLUMN_WORDS = {
    "claim_id": "Claim number",
    "claim_line_number": "Line number within the claim",
    "claim_type": "professional, institutional or undetermined",
    "person_id": "Patient or member number; becomes a pseudonym",
    "payer": "Health plan that pays, by name",
    "plan": "Product or plan of that payer",
    "claim_start_date": "First day of service",
    "claim_end_date": "Last day of service",
    "claim_line_start_date": "Day of service of this line, where it has its own",
    "place_of_service_code": "Place of service, two digits: 11 office, 12 home, 19 and 22 hospital outpatient",
    "bill_type_code": "Type of bill of a facility's claim: 131 hospital outpatient",
    "revenue_center_code": "Revenue code of a facility's line, four digits",
    "service_unit_quantity": "Billed units; the dose is computed from them",
    "hcpcs_code": "HCPCS or CPT code of the drug or service",
    "rendering_npi": "Who gave the service (NPI)",
    "billing_npi": "Who billed (NPI)",
    "facility_npi": "Where it was given (NPI)",
    "ordering_npi": "Who ordered or referred (NPI); tells whose patient it is",
    "billing_tin": "Tax number of who billed",
    "ndc_code": "National drug code, 11 digits",
    "paid_date": "When the plan paid; shows how late claims come",
    "file_date": "Date of the delivery, where rows carry one",
    "paid_amount": "What the plan paid",
    "allowed_amount": "What the contract allows: plan and patient together",
    "charge_amount": "What was billed",
    "coinsurance_amount": "Patient's coinsurance",
    "copayment_amount": "Patient's copayment",
    "deductible_amount": "Patient's deductible",
    "diagnosis_code_type": "Which code set the diagnoses use",
    "in_network_flag": "Whether the provider is in the network",
    "authorization_id": "Prior authorization",
    "authorization_end_date": "When the authorization ends",
    "data_source": "Feed the row came from; the upload form can fill it",
    "dispensing_date": "Day the drug was dispensed",
    "prescribing_provider_npi": "Who prescribed (NPI)",
    "dispensing_provider_npi": "Pharmacy (NPI); tells a specialty pharmacy",
    "quantity": "Quantity dispensed",
    "days_supply": "Days of supply",
    "gender": "Gender",
    "birth_date": "Date of birth; policies exempt by age",
    "death_date": "Date of death",
    "enrollment_start_date": "First day covered",
    "enrollment_end_date": "Last day covered",
    "payer_type": "commercial, medicare, medicaid …: the line of business",
    "group_id": "Employer group",
    "state": "State the person lives in",
    "zip_code": "ZIP code the person lives in; distances come from it",
    "funding_type": "insured, self_funded, government or unknown",
}
_REPEATING = re.compile(r"(hcpcs_modifier|diagnosis_code|procedure_code)_(\d+)")
_GROUP_WORDS = {"hcpcs_modifier": "Modifier", "diagnosis_code": "Diagnosis", "procedure_code": "Hospital procedure (ICD)"}
TRANSLATED = (
    "payer",
    "plan",
    "place_of_service_code",
    "claim_type",
    "funding_type",
    "payer_type",
    "bill_type_code",
    "in_network_flag",
    "gender",
    "state",
)
_CODE_SETS = {"place_of_service_code": "place_of_service", "bill_type_code": "bill_type"}
_FIXED = {
    "claim_type": ["professional", "institutional", "undetermined"],
    "funding_type": ["insured", "self_funded", "government", "unknown"],
}


@dataclass(frozen=True)
class ValueRow:
    written: str
    rows: int
    meaning: str
    parent: str = ""  # of a payer: the company behind it


@dataclass(frozen=True)
class Field:
    """One column of ours on the form."""

    column: str
    words: str
    needed: bool
    rule: Rule | None
    chosen: str  # what the select says: "", "constant", "built:…", "column:…"
    suggestion: Suggestion | None
    taken: bool  # the rule is the suggested one
    examples: tuple[str, ...]
    dated: bool
    numeric: bool
    values: tuple[ValueRow, ...] | None  # the table of translations, where the column has one
    options: tuple[str, ...]  # what values may mean


@dataclass(frozen=True)
class MappingPage:
    extract: Extract
    file: ExtractFile
    layout: Layout
    needed: tuple[Field, ...]
    used: tuple[Field, ...]
    absent: tuple[Field, ...]  # without a rule or a suggestion
    rare: tuple[Field, ...]
    sources: tuple[tuple[str, str], ...]  # (value of the select's option, what it says)
    repeat: int
    name: str
    preview: Preview | None
    problem: str
    changed: tuple[str, ...]  # since the saved mapping it begins with
    unused: tuple[str, ...]

    encodings = tuple(ENCODINGS.items())
    delimiters = tuple(DELIMITERS.items())
    date_forms = tuple(DATE_FORMS)
    number_forms = tuple(NUMBER_FORMS)


def layout_of(file: ExtractFile) -> Layout | None:
    """What the worker saw in the file; None where it has not looked, or the upload is gone."""
    path = storage.layout_path(file.stored_name)
    return Layout.from_json(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def next_unmapped(extract: Extract) -> ExtractFile | None:
    """The first file that waits for a mapping, or for another look at the one it has."""
    waiting = [file for file in extract.files.all() if file.mapping_id is None or file.read_as]
    return next((file for file in waiting if storage.layout_path(file.stored_name).exists()), None)


def first_rules(file: ExtractFile, layout: Layout) -> tuple[dict[str, Rule], int, str, tuple[str, ...]]:
    """(rules, repeat, name, what changed) the page begins with: the file's own mapping, the saved one that is nearest, or suggestions."""
    if file.mapping:
        saved = Mapping.from_json(file.mapping.spec)
        return dict(saved.rules), saved.repeat, file.mapping.name, ()
    near = _nearest(file.kind, layout)
    if near:
        saved, changed = near
        known = {plain(name) for name in layout.names}
        rules = {column: rule for column, rule in saved.rules.items() if _possible(rule, known, saved.repeat)}
        return rules, saved.repeat, saved.name, changed
    proposal = _proposal(file, layout)
    rules = {column: suggestion.rule for column, suggestion in proposal.suggestions.items() if suggestion.word != "perhaps"}
    return rules, proposal.repeat, "", ()


def _nearest(kind: str, layout: Layout) -> tuple[Mapping, tuple[str, ...]] | None:
    """The saved mapping whose header shares most names with this one, at least six in ten, and what differs."""
    now = {plain(name) for name in layout.names if name.strip()}
    best, best_share = None, 0.6
    for kept in ColumnMapping.objects.filter(kind=kind, retired=False).order_by("-created_at"):
        then = {plain(name) for name in kept.spec["header"]}
        share = len(now & then) / max(1, len(now | then))
        if share >= best_share and (best is None or share > best_share):
            best, best_share = kept, share
    if best is None:
        return None
    then = {plain(name) for name in best.spec["header"]}
    changed = [f"“{name}” is gone" for name in sorted(then - now)] + [f"“{name}” is new" for name in sorted(now - then)]
    return Mapping.from_json(best.spec), tuple(changed)


def _possible(rule: Rule, known: set[str], repeat: int) -> bool:
    names = [source.replace("{n}", str(n)) for source in rule.sources for n in (range(1, repeat + 1) if "{n}" in source else (0,))]
    return all(plain(name) in known for name in names)


def _proposal(file: ExtractFile, layout: Layout) -> Proposal:
    return suggest(layout, file.kind, known_payers())


def known_payers() -> tuple[str, ...]:
    """The names that the register, policies and contract rates know."""
    found = {
        name
        for model, field in ((Payer, "name"), (Policy, "payer"), (Rate, "payer"))
        for name in model.objects.values_list(field, flat=True)
    }
    return tuple(sorted(found))


def mapping_page(
    file: ExtractFile, layout: Layout, rules: dict[str, Rule], repeat: int, *, name: str,
    changed: tuple[str, ...] = (), problem: str = "",
) -> MappingPage:  # fmt: skip
    """Everything the page shows for these rules. For readers with the patient-level right: it shows cells of the file."""
    proposal = _proposal(file, layout)
    kind = KINDS[file.kind]
    fields = [_field(column, rules.get(column), proposal, layout, column in kind.needed) for column in kind.columns]
    optional = [field for field in fields if not field.needed and not _REPEATING.fullmatch(field.column)]
    mapping = build(file, layout, rules, repeat)
    shown = None
    try:
        mapping.check()
        shown = preview(mapping, layout, settings.PSEUDONYM_KEY.encode())
    except MappingError as error:
        problem = problem or str(error)
    used_names = set(mapping.source_names()) if shown else set()
    return MappingPage(
        extract=file.extract, file=file, layout=layout,
        needed=tuple(field for field in fields if field.needed),
        used=tuple(field for field in optional if field.rule or field.suggestion),
        absent=tuple(field for field in optional if not field.rule and not field.suggestion),
        rare=tuple(field for field in fields if _REPEATING.fullmatch(field.column)),
        sources=_sources(layout, file.kind, repeat), repeat=repeat, name=name,
        preview=_masked(shown, mapping), problem=problem, changed=changed,
        unused=tuple(written for written in layout.names if written.strip() and plain(written) not in used_names),
    )  # fmt: skip


def build(file: ExtractFile, layout: Layout, rules: dict[str, Rule], repeat: int) -> Mapping:
    ordered = {column: rules[column] for column in KINDS[file.kind].columns if column in rules}
    read_as = layout.read_as if layout.form == "text" else ReadAs(sheet=layout.read_as.sheet if len(layout.sheets) > 1 else "")
    return Mapping(file.kind, tuple(layout.names), ordered, read_as, repeat)


def _field(column: str, rule: Rule | None, proposal: Proposal, layout: Layout, needed: bool) -> Field:
    suggestion = proposal.suggestions.get(column)
    place = layout.place_of(rule.sources[0].replace("{n}", "1")) if rule and rule.sources else None
    examples: list[str] = []
    if place is not None:
        seen = Counter(row[place] for row in layout.rows if row[place].strip())
        examples = [shape(value) if column == "person_id" else value[:40] for value, _ in seen.most_common(3)]
    return Field(
        column=column, words=_words(column), needed=needed, rule=rule, chosen=_chosen(rule), suggestion=suggestion,
        taken=bool(suggestion and rule and suggestion.rule.sources == rule.sources and suggestion.rule.built == rule.built),
        examples=tuple(dict.fromkeys(examples)), dated=is_date(column), numeric=is_number(column),
        values=_values(column, rule, place, layout), options=_options(column),
    )  # fmt: skip


def _words(column: str) -> str:
    if match := _REPEATING.fullmatch(column):
        return f"{_GROUP_WORDS[match[1]]} {match[2]}"
    return COLUMN_WORDS.get(column, "")


def _chosen(rule: Rule | None) -> str:
    if rule is None:
        return NONE
    if rule.constant:
        return CONSTANT
    return f"{BUILT_PREFIX}{rule.built}" if rule.built else f"{COLUMN}{rule.sources[0]}"


def _values(column: str, rule: Rule | None, place: int | None, layout: Layout) -> tuple[ValueRow, ...] | None:
    if column not in TRANSLATED or place is None or place not in layout.values or len(rule.sources) != 1:
        return None
    meaning = dict(rule.values)
    parents = dict(Payer.objects.values_list("name", "parent")) if column == "payer" else {}
    return tuple(
        ValueRow(written, rows, meaning.get(written, ""), parents.get(meaning.get(written, written), ""))
        for written, rows in layout.values[place]
    )


def _options(column: str) -> tuple[str, ...]:
    if column in _FIXED:
        return tuple(_FIXED[column])
    if column == "payer":
        return known_payers()
    if column in _CODE_SETS:
        return tuple(ClaimCode.objects.filter(code_set=_CODE_SETS[column]).values_list("code", flat=True))
    return ()


def _sources(layout: Layout, kind: str, repeat: int) -> tuple[tuple[str, str], ...]:
    built = [(f"{BUILT_PREFIX}{name}", words) for name, words in BUILT.items() if repeat or name != "repeat_number"]
    named = [(f"{COLUMN}{name}", name) for name in layout.names if name.strip()]
    if repeat:
        bases = {re.sub(r"1$", "{n}", name) for name in layout.names if name.endswith("1")}
        known = {plain(name) for name in layout.names}
        for base in sorted(bases):
            if all(plain(base.replace("{n}", str(n))) in known for n in range(1, repeat + 1)):
                named.append(
                    (f"{COLUMN}{base}", f"{base.replace('{n}', '1')} to {base.replace('{n}', str(repeat))}, one line each")
                )
    return (*named, *(built if "claim_line_number" in KINDS[kind].columns else []))


def shape(value: str) -> str:
    """What a value is made of, without the value: letters are A, digits 9."""
    return re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", value[:40]))


def _masked(shown: Preview | None, mapping: Mapping) -> Preview | None:
    """Person ids are never shown as they came."""
    if shown is None:
        return None
    people = {plain(name) for name in mapping.rules.get("person_id", Rule()).sources}
    hidden = [plain(name) in people for name in shown.sources]
    before = tuple(tuple(shape(cell) if hide else cell for cell, hide in zip(row, hidden, strict=True)) for row in shown.before)
    return replace(shown, before=before)


@dataclass(frozen=True)
class SavedMapping:
    mapping: ColumnMapping
    columns: int
    files: int
    newest: bool


def saved_mappings() -> tuple[SavedMapping, ...]:
    """Every version of every mapping, by name, the newest first."""
    found, seen = [], set()
    for mapping in ColumnMapping.objects.select_related("created_by").prefetch_related("files"):
        found.append(SavedMapping(mapping, len(mapping.spec["columns"]), len(mapping.files.all()), mapping.name not in seen))
        seen.add(mapping.name)
    return tuple(found)
