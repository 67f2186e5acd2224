"""Definitions of the strategy brief and of its figures."""

from demand.metrics.metric import Metric
from demand.metrics.settings import CHANNEL

ATTRIBUTION = (
    "Attributed means: ordered by a prescriber on the system's roster (the ordering provider number, else the rendering one on the "
    "drug's order). Infusions that only the majority rule attributes, and those that nothing attributes, are counted apart."
)
COMMON = ("majority_months", "administration_window_days", "payable_window_days", "claim_merge_days")
STAGES = ("roles", "site_class", "infusion_rows", "infusions", "channels", "attribution", "leakage", "facts")

METRICS = (
    Metric(
        slug="leakage-rate",
        title="Leakage rate",
        why="It says how much of the infusion care that our own prescribers order is given by somebody else.",
        what="The share of attributed infusions given at a site that the system neither owns nor partners in. " + ATTRIBUTION,
        numerator="Attributed infusions that left: given at a site that the system neither owns nor partners in.",
        denominator="Attributed infusions that were kept, white-bagged or left. Those at a partner and unknown ones are in neither part.",
        direction="Lower is better. A fall that comes with a larger share unknown is not an improvement.",
        next_step="Open the payer and the therapy that lost most, read the policies on file for them, then try a scenario for a new site.",
        limits="Claims show where care was paid for, not why it went there. Months that are not complete are marked and not judged.",
        parameters=COMMON,
        sql=STAGES,
    ),
    Metric(
        slug="margin-leakage-rate",
        title="Margin leakage rate (white-bagged)",
        why="The patient stays, the drug's margin does not: a pharmacy outside supplies the drug for an infusion in our own chair.",
        what="The share of attributed infusions at owned sites whose drug was white-bagged. Confirmed: the pharmacy claim's molecule and "
        "date match. Probable: there is an administration and a specialty fill, and no more. " + ATTRIBUTION,
        numerator="Attributed infusions at owned sites whose drug was white-bagged, confirmed and probable shown apart.",
        denominator="Attributed infusions that were kept, white-bagged or left.",
        direction="Lower is better.",
        next_step="See which payers require it, compare with the clinics' own log, and take the rate to the contract talks.",
        limits="Where no pharmacy's claim is found a bag is probable at most: by the clinic's note or, where the run has no pharmacy claim of "
        "the payer, by what “White bagging at our clinics” lists. An administration with nothing found is unknown, never white-bagged.",
        parameters=CHANNEL,
        sql=("roles", "infusions", "channels_round", "channels", "channels_noted", "leakage"),
    ),
    Metric(
        slug="people",
        title="People on infusion therapy",
        why="It is the size of the service line in people, whatever each of them costs.",
        what="Different people with at least one attributed infusion in the months and under the filters chosen. " + ATTRIBUTION,
        numerator="People, each counted once.",
        denominator="None: it is a count.",
        direction="Neither way is good by itself; read it with the leakage rate.",
        next_step="Compare with the chairs and hours of the sites that serve them.",
        limits="A person under two keyed ids (two feeds with different ids) counts twice.",
        parameters=COMMON,
        sql=("infusions", "attribution", "facts"),
    ),
    Metric(
        slug="infusions",
        title="Infusions",
        why="It is the volume that chairs, nurses and drug purchases follow.",
        what="One infusion is one person, one day, one molecule, one site: all its drug and administration lines. A professional and a "
        "facility claim for the same infusion (one day apart at most) are one, at the facility. " + ATTRIBUTION,
        numerator="Infusions.",
        denominator="None: it is a count.",
        direction="Neither way is good by itself.",
        next_step="Open the definition of the leakage rate to see what became of them.",
        limits="Self-administered fills on the pharmacy benefit are not infusions.",
        parameters=COMMON,
        sql=("roles", "site_class", "infusion_rows", "infusions"),
    ),
    Metric(
        slug="allowed-left",
        title="Allowed amount that left",
        why="It puts an order of magnitude on leakage in the payers' own prices.",
        what="The allowed amounts of infusions that left: drug lines (waste included), administration, home services and the "
        "merged professional claim. Pharmacy-benefit fills are not in it.",
        numerator="Sum of allowed amounts of attributed infusions that left, in dollars.",
        denominator="None: it is a sum. Infusions without an allowed amount are counted and shown, never taken as zero.",
        direction="Lower is better.",
        next_step="Margin is another matter: a scenario computes it from contract rates and acquisition prices.",
        limits="Allowed is what a payer allowed somebody else, at their rates; it is neither our revenue nor our margin.",
        parameters=("claim_merge_days", "administration_window_days"),
        sql=("infusion_rows", "infusions", "leakage"),
    ),
    Metric(
        slug="share-unknown",
        title="Share unknown",
        why="A rate is only as good as what is known; this is the part that is not.",
        what="Attributed infusions whose outcome cannot be told: the site is not known, or the site is ours and the drug's channel is not "
        "known. They are shown and never spread over the rest.",
        numerator="Attributed infusions whose outcome is unknown.",
        denominator="All attributed infusions.",
        direction="Lower is better.",
        next_step="Add the sites' provider numbers to the register, load taxonomies, and load the pharmacy claims.",
        limits="It says nothing about infusions that no claim shows at all.",
        sql=("site_class", "channels", "leakage"),
    ),
    Metric(
        slug="counted-apart",
        title="Counted apart",
        why="Nobody should wonder where the rest went: these infusions are in the data and in no headline figure.",
        what="Infusions that nothing attributes to us, and those attributed only because most of the person's infusions or specialist "
        "visits of the last months were ours. The majority rule can only add kept people, so the headline does not rest on it.",
        numerator="Infusions not attributed; infusions attributed by the majority rule.",
        denominator="None: they are counts.",
        direction="Neither way is good by itself; a large number means that the roster or the ordering provider numbers are incomplete.",
        next_step="Complete the roster of prescribers and ask for ordering provider numbers in the next extract.",
        limits="An infusion of a person with no tie to the system is rightly not attributed.",
        parameters=("majority_months", "order_valid_days"),
        sql=("attribution",),
    ),
    Metric(
        slug="when-complete",
        title="Infusions when the month is complete",
        why="Payers' claims arrive months late, so recent leakage always looks too low; this says how much is still to come.",
        what="For a month whose claims are still coming in: how many infusions it will have when all of them are in, judged by how fast "
        "earlier months of the same feed filled up; each feed is completed on its own curve. The band holds the number in about 90 of 100 months: it allows for "
        "the curves' own scatter and for chance among few infusions. For readers without the patient-level right all feeds are completed together, so that "
        "no feed's own count can be worked out.",
        numerator="Attributed infusions that were kept, white-bagged or left, seen so far.",
        denominator="The share of the month's claims that is in by now, feed by feed: lines seen ÷ lines expected.",
        direction="Neither way is good by itself: it is a correction, not a result.",
        next_step="Wait for the next extract before you judge the month; load it as soon as it comes.",
        limits="A feed that changed its pace, or has no paid dates, is not judged and shows nothing here.",
        parameters=("mature_completion", "month_end_days", "band_z"),
        sql=("maturity", "leakage"),
    ),
    Metric(
        slug="where-infusions-go",
        title="Where infusions go",
        why="One cannot plan a capture without knowing who receives the patients.",
        what="Attributed infusions by what became of them, the class of the site (first rule that answers: the register, home services, "
        "bill type, place of service, taxonomy) and its owner.",
        numerator="Infusions of each outcome, class of site and owner.",
        denominator="All attributed infusions; the parts add up to them.",
        direction="More kept is better; less to sites that are neither ours nor a partner's is better.",
        next_step="Look up the receiving sites in the register, with source and date checked.",
        limits="Owners come from the site register; a site that is not in it has no owner here.",
        parameters=("claim_merge_days",),
        sql=("site_class", "infusions", "leakage"),
    ),
)
