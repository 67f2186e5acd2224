"""A denial's reason code as written -> its number, who pays, what it says in plain words, and what kind of matter it is; grain: one code.

The numbers are X12's claim adjustment reason codes (CARC), the two letters before them the group that says who pays. The words are
our own. `site`: the payer objects to where it was given; `authorization`: leave was missing or not enough; these are what a site
policy most often ends as (domain facts, A1). What is not listed here stays as it was written.
"""

import re
from dataclasses import dataclass

SITE, AUTHORIZATION, COVERAGE, BILLING, OTHER = "site", "authorization", "coverage", "billing", "other"
KINDS = {
    SITE: "Where it was given",
    AUTHORIZATION: "Authorization",
    COVERAGE: "Coverage",
    BILLING: "Billing",
    OTHER: "Other",
}
GROUPS = {
    "CO": "the provider bears it",
    "PR": "the patient owes it",
    "OA": "other adjustment",
    "PI": "the payer reduced it",
}
_REASONS = {
    "4": (BILLING, "the modifier is missing or does not fit the code"),
    "5": (SITE, "the code or type of bill does not fit the place of service"),
    "11": (BILLING, "the diagnosis does not fit the code"),
    "15": (AUTHORIZATION, "the authorization number is missing or not valid"),
    "16": (BILLING, "information is missing or wrong on the claim"),
    "18": (BILLING, "the same claim was sent twice"),
    "22": (COVERAGE, "another payer may be due first"),
    "27": (COVERAGE, "given after coverage had ended"),
    "29": (BILLING, "sent after the time limit"),
    "45": (BILLING, "the charge is above what the contract allows"),
    "50": (COVERAGE, "not deemed medically necessary by the payer"),
    "58": (SITE, "given at a place of service that the payer holds unfit"),
    "96": (COVERAGE, "not covered"),
    "97": (BILLING, "counted as part of another service"),
    "109": (COVERAGE, "sent to the wrong payer"),
    "151": (COVERAGE, "more often or more than the payer supports"),
    "167": (COVERAGE, "the diagnosis is not covered"),
    "170": (SITE, "denied when given by this type of provider"),
    "171": (SITE, "denied when given by this type of provider in this type of facility"),
    "197": (AUTHORIZATION, "no authorization or notice beforehand"),
    "198": (AUTHORIZATION, "more than was authorized"),
    "204": (COVERAGE, "not covered by the patient's plan"),
    "242": (COVERAGE, "not by a provider of the network or primary care"),
    "272": (COVERAGE, "coverage guidelines were not met"),
    "288": (AUTHORIZATION, "no referral"),
    "296": (AUTHORIZATION, "authorization was given for another provider"),
}


@dataclass(frozen=True)
class Reason:
    """`code` as it is shown, CO-197; `words` is empty where the number is not known here."""

    code: str
    words: str
    kind: str
    who_pays: str

    def __str__(self) -> str:
        return f"{self.code}: {self.words}" if self.words else self.code or "no reason code"


def reason(code: str) -> Reason:
    """CO-197, CO197, co 197 and 197 are one reason."""
    found = re.fullmatch(r"\s*([A-Za-z]{2})?[\s-]*0*(\d{1,3})\s*", code or "", re.ASCII)
    if not found:
        return Reason((code or "").strip(), "", OTHER, "")
    group, number = (found[1] or "").upper(), found[2]
    kind, words = _REASONS.get(number, (OTHER, ""))
    return Reason(f"{group}-{number}" if group else number, words, kind, GROUPS.get(group, ""))
