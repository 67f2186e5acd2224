"""How a contradiction is said: what it is called, what stands against what, and how it is settled."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    title: str
    against: str
    settle: str
    behind: str  # what is counted behind it
    money: str = ""


KINDS = {
    "site_denials_without_policy": Words(
        "Denied for the site, and no site policy on file",
        "Revenue cycle holds denials that object to where the drug was given; managed care has no site policy of this payer and drug in force on those days.",
        "Ask the payer for the policy and enter it with its dates; or appeal the denials, since no rule was given notice of.",
        "denials", "denied",
    ),
    "white_bags_expected": Words(
        "A specialty pharmacy is required, and no event was noted",
        "Managed care has a policy in force that requires a specialty pharmacy; the clinics' log has not one event of it in these days.",
        "Ask the clinics whether they note events for this payer; if nothing is white-bagged, ask managed care whether the policy is enforced or ended.",
        "",
    ),
    "events_without_policy": Words(
        "White-bagged, and no drug-source policy on file",
        "Clinics noted doses that came from a pharmacy; managed care has no drug-source policy of this payer and drug in force on those days.",
        "Ask the payer which rule asked for it and enter the policy; or stop accepting the pharmacy's drug where no rule asks for it.",
        "events",
    ),
    "nobody_moved": Words(
        "A site policy in force, and nobody moved",
        "Managed care has a site policy in force; claims show people infused at sites that it excludes more than 90 days after its date, and none of them at a permitted site since.",
        "Ask managed care whether the policy is enforced and whom it exempts; ask the clinics whether authorizations are given all the same.",
        "people",
    ),
    "written_off_though_exempt": Words(
        "Written off, though people are exempt",
        "Revenue cycle wrote off denials of a drug for which people are exempt from the payer's policies.",
        "Appeal with the exemption; correct the exemption if it does not hold.",
        "write-offs", "written off",
    ),
    "impact_outside_policy": Words(
        "An impact of a policy that was not in force",
        "Providers reported what a policy did to patients; managed care has no such policy, or not in force on those days.",
        "Ask the reporters which letter they acted on: correct the policy's dates, enter the policy, or correct the report.",
        "reports",
    ),
    "authorization_without_policy": Words(
        "Denied for want of authorization, and no policy on file",
        "The payer asked for an authorization at a hospital site; no policy of this payer and drug is on file, of whatever kind. This alone does not mean a site policy.",
        "Look at the payer's authorization list: if it reviews the site, enter the policy.",
        "denials", "denied",
    ),
}  # fmt: skip
