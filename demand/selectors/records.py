"""The logs as tables of plain rows that name payer, drug family and site as the registers do, and the policies that they meet."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from demand.engine.contradictions import PolicyOnFile
from demand.engine.denial_reasons import Reason, reason
from demand.models import ClinicalFact, Denial, LogLoad, Order, PatientImpact, WhiteBagEvent
from payers.engine.policy_drugs import DrugNames
from payers.models import DrugCode, DrugFamily, Policy
from sites.models import Site
from sites.selectors import merged_ids

UNKNOWN = "unknown"
DATES = {
    "denials": ("service_date", "decided_on"),
    "white_bag_events": ("administered_on",),
    "patient_impacts": ("reported_on",),
    "orders": ("ordered_on",),
    "clinical_facts": ("from_on",),
}
FUNCTIONS = {
    "denials": "revenue cycle",
    "white_bag_events": "pharmacy",
    "patient_impacts": "providers",
    "orders": "the record system",
    "clinical_facts": "clinicians",
}


@dataclass(frozen=True)
class Record:
    """One record of a log. `fields` are the model's own; payer, family and site stand as the registers name them."""

    id: int
    payer: str
    family: str
    site: str
    day: dt.date | None
    fields: Mapping[str, object]

    def __getattr__(self, name: str):
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def reason(self) -> Reason:
        return reason(self.fields.get("reason_code") or "")


@dataclass(frozen=True)
class Registers:
    """What joins the records of the functions: drug names, sites, policies."""

    drugs: DrugNames
    site_names: Mapping[str, str]
    site_classes: Mapping[str, str]
    policies: Sequence[PolicyOnFile]

    def policies_of(self, payer: str, family: str) -> list[PolicyOnFile]:
        return [policy for policy in self.policies if policy.names(payer, family)]


def registers() -> Registers:
    codes = DrugCode.objects.order_by("effective_from").values_list("hcpcs_code", "molecule", "family_id")
    drugs = DrugNames.of(codes, DrugFamily.objects.values_list("family", flat=True))
    sites = list(Site.objects.values_list("site_id", "name", "site_class"))
    return Registers(
        drugs,
        {site_id: name for site_id, name, _ in sites},
        {site_id: site_class for site_id, _, site_class in sites},
        tuple(_on_file(policy, drugs) for policy in Policy.objects.order_by("payer", "policy_id")),
    )


def _on_file(policy: Policy, drugs: DrugNames) -> PolicyOnFile:
    document = policy.document
    scope = document.get("scope") or {}
    return PolicyOnFile(
        policy.policy_id, policy.payer, policy.kind, policy.status, policy.effective_from or dt.date.min, policy.effective_to,
        drugs.of_document(document), frozenset(scope.get("lines_of_business") or ()), frozenset(scope.get("funding") or ()),
        frozenset(document.get("excluded_site_classes") or ()), bool(document.get("excludes_hospital_affiliated")),
        document.get("drug_source"),
    )  # fmt: skip


def records(kind: str, known: Registers) -> list[Record]:
    """Every record of a log. Impacts, orders and facts name no payer here: an impact's is its policy's, an order's that of the claims."""
    if kind == "denials":
        names = "id claim_id payer hcpcs_code site_id service_date reason_code denied_cents written_off_cents decided_on load_id"
        return [
            _record(row, row["payer"], _family(row, known), row["service_date"] or row["decided_on"])
            for row in _rows(Denial, names)
        ]
    if kind == "white_bag_events":
        names = "id payer hcpcs_code site_id administered_on pharmacy dose_changed delayed_days wasted staff_minutes load_id"
        return [_record(row, row["payer"], _family(row, known), row["administered_on"]) for row in _rows(WhiteBagEvent, names)]
    if kind == "patient_impacts":
        payer_of = {policy.policy_id: policy.payer for policy in known.policies}
        names = "id policy_id site_id reported_on kind delay_days severity load_id"
        return [_record(row, payer_of.get(row["policy_id"], ""), "", row["reported_on"]) for row in _rows(PatientImpact, names)]
    if kind == "clinical_facts":
        names = "id person_id criterion holds from_on until_on source load_id"
        return [_record(row, "", "", row["from_on"]) for row in _rows(ClinicalFact, names)]
    names = (
        "id order_id person_id ordering_npi molecule ordered_on authorized_on scheduled_on first_infused_on location determination "
        "reject_reason preference load_id"
    )
    return [
        _record(row, "", known.drugs.by_name.get(row["molecule"].lower(), ""), row["ordered_on"]) for row in _rows(Order, names)
    ]


def _rows(model, names: str) -> Iterable[dict]:
    """Rows as they are kept, but that a site which was merged goes by the id that stands for it now."""
    now = merged_ids()
    for row in model.objects.order_by("pk").values(*names.split()):
        if "site_id" in row:
            row["site_id"] = now.get(row["site_id"], row["site_id"])
        yield row


def _family(row: dict, known: Registers) -> str:
    return known.drugs.by_code.get(row["hcpcs_code"], "")


def _record(row: dict, payer: str, family: str, day: dt.date | None) -> Record:
    return Record(row.pop("id"), payer or UNKNOWN, family or UNKNOWN, row.get("site_id") or UNKNOWN, day, row)


@dataclass(frozen=True)
class Supplied:
    """What is on file of a log and who brought it; `loaded_at` None: nothing, or before loads were kept."""

    kind: str
    rows: int
    first_on: dt.date | None
    last_on: dt.date | None
    loaded_at: dt.datetime | None
    loaded_by: str
    name: str

    @property
    def function(self) -> str:
        return FUNCTIONS[self.kind]

    @property
    def label(self) -> str:
        return LogLoad.Kind(self.kind).label


def supplied(kind: str, found: Sequence[Record]) -> Supplied:
    """Of the records of a whole log."""
    days = sorted(record.day for record in found if record.day)
    load = LogLoad.objects.filter(kind=kind, status=LogLoad.Status.ON_FILE).select_related("created_by").first()
    return Supplied(
        kind, len(found), days[0] if days else None, days[-1] if days else None, load and load.on_file_at,
        load.created_by.get_username() if load and load.created_by else "load_log on the server" if load else "", load.name if load else "",
    )  # fmt: skip
