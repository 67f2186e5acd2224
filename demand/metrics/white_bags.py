"""Definitions of white bagging: how much, what it costs, how fragile its doses are."""

from demand.metrics.metric import Metric
from demand.metrics.settings import CHANNEL

METRICS = (
    Metric(
        slug="white-bag-rate",
        title="White bagging at our clinics",
        why="Every white bag is a dose that our staff store, check and give without the drug's margin and without control of what arrives.",
        what="Of the infusions given at our own sites, whoever ordered them, the share whose drug an outside pharmacy sent. Confirmed: "
        "molecule and date of the pharmacy's claim match. Probable: there is an administration and a specialty fill, and no more; or there is no "
        "pharmacy's claim, and something else says so (below). Told apart: drug that the pharmacy billed on the medical benefit, and fills on the pharmacy benefit. A clear bag came from our own pharmacy "
        "and is not in the rate. Without the patient-level right: those that named prescribers of ours ordered and whose channel is known.",
        numerator="Infusions at our sites whose channel is white bag, confirmed and probable apart.",
        denominator="Infusions at our sites. Those whose channel is not known are in it and shown.",
        direction="Lower keeps margin and control; a rate that falls while more channels are unknown is no improvement.",
        next_step="Take the payers and drugs with the highest rate to the contract talks, with the clinics' hours and delays beside them.",
        limits="Precision by the log is the share of inferred white bags that the clinic noted, in the days that its log covers: a log that misses "
        "doses makes it lower than it is. Recall is the share of noted doses that claims show as white-bagged. Log and claims meet by clinic, drug and day, "
        "since the log names no person; the log also helps to choose among a person's fills, so the two are not wholly independent. "
        "A dose that the site did not bill and no pharmacy's claim explains is probable where the clinic noted a bag of the drug that day; a claim that "
        "names no drug, of a person with no other therapy, is taken for the only drug noted there that day. Where the run has no pharmacy claim of "
        "the payer it is probable too where the site states the drug without charging for it, the payer's drug-source policy asks for it, or "
        "another dose of the same therapy there is such a bag; but not where a log that the clinic kept in those days noted hardly any of the therapy's "
        "doses, for our own pharmacy may have sent them. Otherwise it is not known.",
        parameters=CHANNEL,
        sql=("infusions", "channels", "channels_round", "channels_noted", "infusion_rows"),
    ),
    Metric(
        slug="waste-by-channel",
        title="Waiting and waste by channel",
        why="Drug sent for one patient cannot be given to another: what is left, or does not fit, is lost, and somebody pays for it.",
        what="For infusions at our sites by who bought the drug: the median days from the order on file to the dose, the infusions with a JW "
        "line (drug thrown away and billed), its billing units and what payers allowed for it.",
        numerator="Infusions with a JW drug line; their JW units and allowed dollars.",
        denominator="Infusions of the channel. For waiting: those that followed an order on file.",
        direction="Lower is better.",
        next_step="Compare with the clinics' own notes on wasted bags below it; ask for smaller vials where waste is large.",
        limits="Only waste that somebody bills is on claims; what is left of a white bag is on none. Units differ by drug.",
        sql=("infusion_rows",),
    ),
    Metric(
        slug="white-bag-burden",
        title="What white bags cost the clinics",
        why="Claims show none of it: calls, receipt, storage, a patient sent home because the drug did not come.",
        what="From the clinics' log of white bags: how many came late and by how many days, were wasted or did not fit the dose of the day, and the "
        "staff minutes noted; in dollars at an hourly cost that the page asks for.",
        numerator="Noted white bags that came late, were wasted, or whose dose was changed; staff minutes noted.",
        denominator="Noted white bags of which the log says it.",
        direction="Lower is better.",
        next_step="Give the clinics without a log one; take hours and delays to the payer that asks for white bags.",
        limits="Doses that nobody noted are not in it. The hourly cost is an assumption.",
    ),
    Metric(
        slug="dose-fragility",
        title="Doses that change on the day",
        why="A pharmacy sends what was ordered weeks ago. Where weight or a lab value changes the dose, the bag is too small or partly wasted.",
        what="Of the doses that our sites bought, and that can be compared with the person's last dose of the same drug family in the same unit, the "
        "share that differs by more than 1%.",
        numerator="Doses that rose or fell by more than 1% against the person's last one.",
        denominator="Doses bought by our sites for which this and the last dose are known.",
        direction="Neither way is good by itself: a high share is an argument for buying and billing the drug.",
        next_step="Name the drugs with the highest share in the talks about drug-source policies.",
        limits="Planned changes (loading doses) are in it. A white bag's own dose is mostly on no claim.",
        sql=("infusion_rows",),
    ),
    Metric(
        slug="benefit-share",
        title="Share of doses on the pharmacy benefit",
        why="Payers move infusions from the medical to the pharmacy benefit; the drug's margin moves with them.",
        what="Doses of the drugs that are infused, of everybody in the feeds: on the medical benefit (billed by the site or by a pharmacy), and "
        "on the pharmacy benefit (fills given at a site, injected at home, or with no infusion seen).",
        numerator="Doses and fills on the pharmacy benefit.",
        denominator="All doses and fills of these drugs. Infusions whose drug's channel is not known are in neither part.",
        direction="Lower keeps drug margin with the sites.",
        next_step="Find the payer whose share rises and read its benefit and drug-source policies.",
        limits="A fill may hold several doses. Pharmacy claims arrive sooner than medical ones, so the last half-year leans to the pharmacy.",
        sql=("channels", "channels_round"),
    ),
)
