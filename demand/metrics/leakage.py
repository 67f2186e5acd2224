"""Definitions of how, where and why infusions leak, of dark patients, of moves and of leakage in time."""

from demand.metrics.metric import Metric

LEAKED = "Attributed infusions that left the system, and those white-bagged at our own sites, that named prescribers ordered."
SPLITS = ("facts", "reasons", "leaks")

METRICS = (
    Metric(
        slug="leakage-how",
        title="How infusions leak",
        why="A move, a first infusion elsewhere and a white bag ask for different answers.",
        what="Every infusion that left or was white-bagged has one mechanism: the person had moved from a site of ours (the latest move before it), "
        "was infused elsewhere from the first dose, was there for a single visit, or it cannot be told (the drug or the first site is not known); "
        "or the drug came white-bagged to our own site. Treatments that fell silent stand beside them: dark, or gone to self-injection within "
        "the time set. Of those no infusion is left to count, so they are treatments, with what one dose of each is usually allowed.",
        numerator="Infusions, people and allowed dollars of a mechanism.",
        denominator=LEAKED + " The mechanisms add up to them.",
        direction="Lower is better in every part.",
        next_step="Moves: find a site that the policy permits. Never came to us: ask at the first order. White bags: talk with the payer. Silent: the register of dark patients.",
        limits="Of a treatment whose first infusion lies before the data begins, the first site seen counts as the first.",
        parameters=("benefit_shift_days", "established_infusions"),
        sql=SPLITS,
    ),
    Metric(
        slug="leakage-where",
        title="Where infusions leak to",
        why="One cannot design a capture without knowing where patients go, and how much of that is not known.",
        what="The same infusions by class of site, owner and the payer affiliated with the owner, from the site register on the day. What the "
        "register does not name stays “owner not known”: it is never spread over the others.",
        numerator="Infusions, people and allowed dollars of a place.",
        denominator=LEAKED + " The places add up to them.",
        direction="Lower is better; so is the part whose owner is not known.",
        next_step="Add receiving sites to the register with their owner, payer affiliation and provider numbers, then recompute.",
        limits="White-bagged infusions stand at our own site: there the drug's margin went, not the patient. Dark treatments have no place.",
        sql=("site_class", "facts", "leaks"),
    ),
    Metric(
        slug="leakage-why",
        title="Why infusions leak",
        why="What a payer's policy did is answered with the payer, what a wait did with capacity, and what nothing explains by asking.",
        what="The first reason that holds, each with evidence on file: a site policy in force for that person, drug and day that excluded the old "
        "site; a policy on where the drug comes from; a self-administered fill near the move; an order that waited, or a full site; a nearer site; a "
        "prescriber who had left; a clinical reason. Else unexplained. An infusion has the reason of the latest move before it, a "
        "white-bagged one that of a drug-source policy in force, or none.",
        numerator="Infusions, people and allowed dollars of a reason.",
        denominator=LEAKED + " The reasons add up to them.",
        direction="Lower is better; a smaller part unexplained is better knowledge.",
        next_step="Read the evidence under the table; load policies, orders and the roster where much is unexplained.",
        limits="A policy in force is a reason that holds, not a proof of cause: “Response to policies” compares people it did not reach.",
        parameters=(
            "access_wait_days",
            "access_order_days",
            "over_capacity_use",
            "distance_miles",
            "prescriber_left_days",
            "clinical_days",
        ),
        sql=("reasons", "facts", "leaks"),
    ),
    Metric(
        slug="dark-patients",
        title="Dark patients",
        why="Patients turn elsewhere and the data goes dark: somebody should know before months have passed.",
        what="A treatment is overdue when the next dose is late by more than the gap rule allows. Each overdue one has one outcome: moved (infused "
        "elsewhere before), stopped with named evidence (an order refused, another drug for the condition, a death, self-injection), no longer "
        "enrolled, too early to say (the month in which it became overdue is not complete), or unknown. Dark are the unknown ones of whom "
        "every feed would tell: enrolled, the month complete, and nothing of the therapy in any feed. What somebody found out is recorded "
        "beside it, never over it, and stays with later runs that see the same last infusion.",
        numerator="Treatments of an outcome; of the dark ones, those answered.",
        denominator="Overdue treatments that named prescribers ordered; of answers, the dark ones.",
        direction="Fewer dark and more answered is better.",
        next_step="Work through the list, prescriber by prescriber: the chart, a call, the prescriber's office.",
        limits="A person who pays in cash, or changed to an insurer whose claims are not loaded while the old coverage stands on file, looks dark. "
        "Complete courses, planned self-injection and treatments that began again later are not overdue.",
        parameters=("gap_allowance", "gap_minimum_days", "mature_completion", "benefit_shift_days"),
        sql=("episode_outcomes", "overdue"),
    ),
    Metric(
        slug="moves",
        title="Moves",
        why="A move is where a patient is lost or won; a single visit elsewhere is not.",
        what="The first infusion of a stay at another site that becomes established (two infusions in a row there, or the last seen). Out: from a "
        "site of ours to one that is not; in: the other way; within: between two of ours.",
        numerator="Moves of treatments that named prescribers ordered.",
        denominator="None: it is a count.",
        direction="Fewer out and more in is better.",
        next_step="Follow the widest flow to the receiving site, then ask for its reason.",
        limits="The last infusion seen counts as established: it may turn out to be a visit.",
        parameters=("established_infusions",),
        sql=("episodes", "reasons", "journeys"),
    ),
    Metric(
        slug="continuity",
        title="Continuity of care after a move",
        why="A move that keeps the patient with their care team, and on time, is another thing than one that does not.",
        what="After a move: the same prescriber orders, another of our roster does, or somebody outside (or one who has left us); and whether the first dose at the new "
        "site came late for the person's own interval: by a week, or a tenth of the interval where that is more. Moves within ours are the comparison.",
        numerator="Moves after which a prescriber on the roster orders; moves whose first dose came late.",
        denominator="Moves of which the prescriber afterwards is known; moves of which the interval is known.",
        direction="More in our network and fewer late first doses are better.",
        next_step="Where first doses come late, book the receiving site's slot before the last infusion at ours.",
        limits="A gap longer than the gap rule ends the treatment, so it is no late move but an overdue treatment. A week and a tenth are our assumption.",
        parameters=("late_days", "late_share"),
        sql=("journeys",),
    ),
    Metric(
        slug="therapy-risk",
        title="Financial and clinical risk of a therapy",
        why="The therapy that costs most when it leaves need not be the one whose patients fare worst.",
        what="Two axes that are never added. Financial: allowed dollars of its infusions that left or were white-bagged. Clinical, as chosen: the share of "
        "its doses that came late for the person's own interval (by a week, or a tenth of the interval where that is more; a missed dose is one after about "
        "two intervals); the share of people on treatment who must stay in the hospital by the clinical line in force (the newest signed version, else the "
        "newest draft), whichever class of site is asked for; or the share of infusions with a reaction, an emergency visit or stay (the day or the next), or an "
        "infection (7 days). Wherever given, of treatments that named prescribers ordered. High is above the median of the therapies shown.",
        numerator="Dollars that leaked; doses late, people who must stay, or infusions with the event.",
        denominator="Allowed dollars of the rate; doses with one before them (gaps of more than the restart time are new starts), people whom the line "
        "can judge, or infusions with 30 complete days after them. What is in neither is counted as unknown, beside it.",
        direction="Lower is better on both.",
        next_step="High on dollars alone: the payer. High on late doses alone: the clinic's slots and authorizations. Both: first.",
        limits="A share of fewer than 30 doses, 100 infusions or 11 people is not shown. A late dose may be a doctor's wish; an emergency visit may have "
        "another cause. Not adjusted for the mix of cases: that is by class of site, on the page of safety. Who must stay is told of the drug alone, not of "
        "the person's strictest drug, and readers without the patient-level right see it perturbed and rounded to tens, and cases of the others in tens.",
        parameters=("late_days", "late_share", "restart_days"),
        sql=("journeys", "clinical_events", "retention_values"),
    ),
    Metric(
        slug="as-of",
        title="What we would have said then",
        why="Recent leakage always looks low, and nobody remembers how low: this shows how far an early number could be trusted.",
        what="The monthly rate from what claims had told of by a month's end, completed feed by feed on the curves of the payments up to that "
        "day, with a 90% band; beside it what is known now. Completed rate: left ÷ completion over all feeds, by kept + white-bagged + left ÷ completion.",
        numerator="Infusions that left, known then and now.",
        denominator="Infusions kept, white-bagged or left, known then and now.",
        direction="Neither way is good by itself; a number now within the band said then is good work.",
        next_step="Before the council judges a month, look how months of that age came out.",
        limits="An infusion is known from the month of its first payment, with the site, channel and attribution that this run sees today. Infusions "
        "without a paid date are in neither line. Readers without the patient-level right see tens, completed for all feeds together, and no completed rate.",
        parameters=("mature_completion", "band_z"),
        sql=("maturity", "leakage"),
    ),
    Metric(
        slug="steerage-pace",
        title="Pace of steerage",
        why="The pace and volume of steerage have become more notable: this says by how much.",
        what="By quarter: policies on file that began, pairs of payer and drug covered for the first time, people whom a policy newly reaches "
        "(their first exposed day), and people who moved out with a site policy as the reason.",
        numerator="Policies, drugs, people.",
        denominator="None: they are counts.",
        direction="Lower is better for us.",
        next_step="See who is reached next under “Look ahead”.",
        limits="Policies are those on file. A person whom two policies reach in two months counts twice as newly exposed.",
        sql=("exposure", "journeys"),
    ),
)
