"""Definitions of the clinical line, of safety and quality, and of whom to move."""

from demand.metrics.metric import Metric

METRICS = (
    Metric(
        slug="clinical-line",
        title="Who must stay in the hospital",
        why="Before anybody is moved, the system says for whom the hospital is the right place, by criteria that a clinician signed.",
        what="Each person × drug × site class gets one verdict from the ordered criteria of a line: must stay (a criterion holds), not "
        "suitable (the drug is not given at such a site), not enough data (a criterion asks what nobody knows), else may move. Over "
        "several classes of site the one that is open counts; a person with several drugs counts once, by the strictest. Treatments "
        "under way on the run's day: nothing ended them, and the last dose plus the allowed gap is not over.",
        numerator="People with the verdict.",
        denominator="People with a treatment under way, in hospital departments or everywhere, as the page asks.",
        direction="None is good in itself: a line that keeps everybody protects nobody, and one that frees everybody is no line.",
        next_step="Read who crosses when a criterion moves, let a clinical lead sign the version, then hand the list to the clinics.",
        limits="Claims show diagnoses that were billed, not how somebody is; venous access, cognition, a caregiver and a drug shortage come "
        "from recorded facts alone. A reaction treated without a code is not seen. Miles are between ZIP centers and sites, as the crow "
        "flies. Readers without the patient-level right see numbers perturbed by up to 3 people and rounded to tens.",
        parameters=("restart_days",),
        sql=("clinical_events", "retention_values"),
    ),
    Metric(
        slug="clinical-events",
        title="Clinical events on claims",
        why="Reactions, emergency visits, stays and infections near an infusion are what a comparison of sites and the clinical line rest on.",
        what="One event per person, day and kind, of people with an infusion: an emergency visit (place of service 23, revenue code 045x or a "
        "visit code of an emergency room), a stay (bill type 11x, or a clinician's claim with place of service 21; days that touch are one "
        "stay), epinephrine on the day of an infusion, and diagnoses of a reaction, a line infection, sepsis, heart or lung disease, "
        "kidney failure or fluid overload, pregnancy, a trial.",
        numerator="Events of the kind.",
        denominator="People with an infusion, or infusions, as the page says.",
        direction="Lower is better for emergency visits, stays, reactions and infections; illnesses are what people bring along.",
        next_step="Compare sites with the case mix beside it, and look at single events where the numbers are small.",
        limits="Claims say that care was billed, not that an infusion caused it. The lists of codes are our choice.",
        parameters=("emergency_codes", "epinephrine_codes", "clinical_event_diagnoses", "reaction_diagnosis_pattern"),
        sql=("treatments", "clinical_events"),
    ),
    Metric(
        slug="safety-rate",
        title="What follows an infusion, by class of site",
        why="Where patients can be infused safely is the first question of every move, and home infusion is in no national quality report.",
        what="Infusions that our named prescribers ordered, wherever they were given, that were followed by an emergency visit or admission, a "
        "reaction or epinephrine, or an infection of a line or of the blood. An event belongs to the person's last infusion on or before its "
        "day and is counted once. Adjusted by indirect standardisation: events found ÷ events expected from everybody's rates by age "
        "(under 18, 18–44, 45–64, 65–79, 80 or more), clinical line, heart, lung or kidney disease on claims by that day, and whether it was one of the "
        "first two doses; times everybody's rate. Intervals are Wilson's, 95%; the adjusted one takes the expected events for known.",
        numerator="Infusions followed by the event on the same or the next day, within 7 or within 30 days.",
        denominator="Infusions of the class whose 30 days after lie in complete months.",
        direction="Lower is better. Where intervals overlap widely, chance explains the difference.",
        next_step="Look at the drugs and moves behind a class that stands out; bring it to the clinical lead before patients are moved there.",
        limits="Claims show what was billed, not what caused it. Sicker people may be kept in hospital for reasons that no claim shows. "
        "Who lost coverage within the 30 days counts as without an event. The studies beside it do not agree with each other.",
        parameters=("emergency_codes", "epinephrine_codes", "clinical_event_diagnoses", "reaction_diagnosis_pattern"),
        sql=("clinical_events",),
    ),
    Metric(
        slug="adherence",
        title="Late and missed doses, days covered, persistence",
        why="A move that costs doses costs health; a home that comes on time may keep people on therapy.",
        what="Late: the next dose of the therapy came more than 7 days after it was due by the person's own interval. Missed: the one after it was due "
        "too. Days covered: of the days between doses, those on which the last dose still lasts. Persistence: new starts still treated after 180 days "
        "(last dose and the gap its regimen allows reach that far). Each raw, and adjusted to everybody's mix of cases as the rates of what follows "
        "an infusion are. Intervals, 95%: Wilson's; of days covered, from how people differ (a ratio with people as clusters). A rate of fewer than "
        "30 doses or 11 new starts is not told.",
        numerator="Next doses that came late, or after a missed one; covered days; new starts still treated.",
        denominator="Doses followed by another within a year; days between them; new starts with 180 days of claims after them, complete courses, deaths and lost coverage left out.",
        direction="Fewer late and missed doses, more days covered and more persistence are better.",
        next_step="Ask a class with many late doses about authorizations and waiting lists.",
        limits="Wilson's intervals take each dose for itself, though one person has several: they are somewhat too narrow. A dose is put down to the class of site of the dose before it. Who never came back has no next dose: see persistence.",
        parameters=("gap_allowance", "gap_minimum_days"),
        sql=("episodes",),
    ),
    Metric(
        slug="bounce-back",
        title="Bounce-back after a move",
        why="A move that ends in an emergency room or back in our chair saved nobody anything.",
        what="A move is the first dose at another class of site after two or more in a row in hospital outpatient departments. Counted: a first dose "
        "more than 7 days late, a reaction or epinephrine and an emergency visit or admission within 30 days, and a return to a hospital site within 180.",
        numerator="Moves followed by each of these; an event is counted once, with the person's last move before it.",
        denominator="Moves whose 30 days after lie in complete months.",
        direction="Fewer is better.",
        next_step="Read the moves that bounced back with the clinical lead, and move the retention line if they have something in common.",
        limits="A return after one dose may have been a single visit elsewhere. What nobody bills is in the providers' log only.",
        sql=("clinical_events",),
    ),
    Metric(
        slug="policy-safety",
        title="Disruptions before and after a policy",
        why="Care teams fear that a payer's policy delays doses and harms patients; their own numbers say whether it did.",
        what="For people whom a site policy exposes and the drugs it names: late next doses, and infusions followed by an emergency visit or admission "
        "within 7 days, in the days before the policy's first day and in as many days after it (at most 180).",
        numerator="Late next doses; infusions followed by a hospital visit; reports in the providers' log.",
        denominator="Doses with a next one; infusions.",
        direction="Lower is better; a rise asks for a closer look.",
        next_step="Record what claims miss in the log of patient impacts, and take both to the payer.",
        limits="Before and after is no proof of a cause. People who left before the policy are in neither part.",
        sql=("exposure", "clinical_events"),
    ),
    Metric(
        slug="move-risk",
        title="Risk to move out",
        why="Who is likely to leave can be asked why before the chair is empty.",
        what="For each treatment that goes on at a site of ours and was ordered by a named prescriber of ours: the probability that it moves to "
        "another's site within 12 months. Each month ahead it stays, moves or ends, with chances from a logistic regression on what was known "
        "on the day, when policies begin to bind included. It is learned from complete months and judged on the 12 months after the "
        "last day that it had learned by. Announced and anticipated policies enter with the likelihood that somebody said last of "
        "them, else that of their file; decided ones as certain, or not at all.",
        numerator="Expected movers of a group: the sum of its treatments' risks, with an 80 % interval of chance.",
        denominator="Treatments of the group that go on: the last infusion was at a site of ours, and the next is not overdue by more than the gap rule.",
        direction="Lower is better. Beside it always stand the base rate, the calibration and, where it adds nothing, the words “no better than the base rate”.",
        next_step="Open the treatments with the highest risks, see which policy or wait is behind them, and offer a site that is permitted.",
        limits="It says what went together in the past, not causes, and knows no policy that is not on file. Who stops, dies or loses coverage first "
        "counts as not moved. Where fewer than 50 moves can be learned from or 20 judged by, everybody has the base rate.",
        parameters=("access_order_days", "prescriber_left_days"),
        sql=("risk_as_of", "risk_treated", "risk_snapshots"),
    ),
    Metric(
        slug="move-score",
        title="Whom to move gladly",
        why="A payer's policy moves people who lose by it; a plan of our own can begin with those who gain.",
        what="Therapies that our named prescribers ordered in the last 12 months and that are given at a hospital site, in segments. Measured, as if "
        "all of a segment went to the nearest open site of the class chosen: miles both ways saved a year; what patients pay and what is allowed, "
        "against the mean of the same therapy and payer at that class in the same months (the therapy alone where the payer has fewer than 11 infusions there); "
        "the share under a payer's site policy; hospital visits within 7 days avoided per 1,000 infusions, by the adjusted rates of the classes. Access ranks miles and patient cost, "
        "revenue the allowed amount, steerage the policies, safety the visits: 0 for the worst segment, 100 for the best, 50 where not known.",
        numerator="Sum of the objectives' ranks times their weights.",
        denominator="Sum of the weights.",
        direction="Higher means gladder. A rank says nothing of size: read the measures beside it.",
        next_step="Take the first segments to the clinical lead; price the move in a scenario, where drug cost makes revenue a margin.",
        limits="Weights change the order, never a measure or a rank. Rates by class say nothing of a single drug. The clinical line in force is asked of each therapy and the class of site: whom it keeps in the "
        "hospital, or whose drug is not suitable there, is counted and not offered; whom it cannot judge is offered and counted, to be asked first. Without "
        "the patient-level right people and sums are perturbed by up to 3 people and rounded. "
        "Segments are split as finely as leaves eight of 11 people or more.",
    ),
    Metric(
        slug="move-burden",
        title="Winners and losers of a move",
        why="An average that gains can hide a valley that loses an hour's drive; the council should see who.",
        what="For everybody at a hospital site (with the patient-level right: of one drug, payer or market), moved to the class of site chosen: the way there against the way now, "
        "what they pay against the mean there, the median wait from order to dose there against where they are; by kind of area, three-digit ZIP code, age and payer.",
        numerator="Movers (people and therapies) with a shorter or longer way (2 miles or more), who pay less or more ($5 an infusion or more), who wait less or longer (a day or more).",
        denominator="All movers; those of whom it is not known are shown, and each group adds up to all.",
        direction="More winners and fewer losers are better; look at the groups with the most losers first.",
        next_step="Leave out the areas that lose, or open a site where they are: see Where to open.",
        limits="Straight miles, not roads. Costs and waits there are means of others who are treated there today.",
    ),
    Metric(
        slug="two-sites",
        title="Oncology and another infusion",
        why="All treatments in one place make scheduling, administration and billing simpler, and save patients a second way.",
        what="People with an oncology infusion and another one in the last 12 months, ordered by named prescribers of ours, by the clinic of their last oncology infusion.",
        numerator="Those who get the other infusion at a site where they have no oncology.",
        denominator="People with both needs.",
        direction="Lower is better.",
        next_step="Offer the other infusion at the oncology clinic on the same day.",
        limits="Bone drugs and iron given because of a cancer count as another need.",
    ),
)
