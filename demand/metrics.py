"""What every headline figure means: the words of definitions.md for the people who read the brief."""

from demand.metric import SQL_FOLDER, Metric
from demand.metrics_leakage import METRICS as LEAKAGE

__all__ = ["METRICS", "SETTINGS", "Metric", "stages"]

ATTRIBUTION = (
    "Attributed means: ordered by a prescriber on the system's roster (the ordering provider number, else the rendering one on the "
    "drug's order). Infusions that only the majority rule attributes, and those that nothing attributes, are counted apart."
)
SETTINGS = {
    "majority_months": "months that the majority rule looks back",
    "administration_window_days": "days between a drug line and an administration line of one infusion, at most",
    "payable_window_days": "days between an infusion and the site's own payable drug line, at most",
    "payable_above_cents": "cents above which a drug line is payable",
    "claim_merge_days": "days between a professional and a facility claim of one infusion, at most",
    "fill_days_before": "days before an infusion in which a pharmacy may have supplied its drug",
    "log_doses": "doses of a therapy from which on a clinic's log that noted few of them counts",
    "log_share": "share of a therapy's doses that a clinic's log must have noted",
    "fill_days_after": "days after an infusion in which a pharmacy's claim for its drug may be dated",
    "dose_flag_below": "times the lowest usual dose: below it a dose is far from usual",
    "dose_flag_above": "times the highest usual dose: above it a dose is far from usual",
    "drug_code_pattern": "what a drug's code looks like",
    "mature_completion": "share of a month's claims that must be in before the month is judged",
    "month_end_days": "days before a month's end that payments must reach for the month to be whole",
    "band_z": "width of the band around a completed month, in standard deviations",
    "policy_effect_days": "days of a window before and after a policy's date",
    "policy_effect_windows": "windows before a policy's date that are drawn",
    "benefit_shift_days": "days after the last infusion in which a self-administered fill is a shift of benefit",
    "established_infusions": "infusions in a row that establish a site",
    "access_wait_days": "days above which a wait for an order is a reason",
    "access_order_days": "days before a move in which its last order is looked for",
    "over_capacity_use": "share of a site's chair hours above which it is full",
    "distance_miles": "miles nearer from which distance is a reason",
    "prescriber_left_days": "days before a move in which a prescriber's leaving is a reason",
    "clinical_days": "days before a move in which a clinical event is a reason",
    "gap_allowance": "share of the interval that may pass on top of it",
    "gap_minimum_days": "days that may pass at least before a treatment is overdue",
    "restart_days": "days after which a treatment is a new start",
    "late_days": "days over the person's own interval from which a dose is late",
    "late_share": "share of the interval from which a dose is late, where that is more",
    "order_valid_days": "days that an order names the prescriber of later infusions",
    "emergency_codes": "codes of emergency room visits",
    "epinephrine_codes": "codes of epinephrine",
    "clinical_event_diagnoses": "kinds of event and their diagnoses",
    "reaction_diagnosis_pattern": "diagnoses of a reaction",
}
COMMON = ("majority_months", "administration_window_days", "payable_window_days", "claim_merge_days")
STAGES = ("roles", "site_class", "infusion_rows", "infusions", "channels", "attribution", "leakage", "facts")

METRICS = {
    metric.slug: metric
    for metric in (
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
            limits="Without pharmacy claims of a payer a bag is probable at most, by the clinic's note or the payer's policy. An administration with nothing found is unknown, never white-bagged.",
            parameters=("fill_days_before", "fill_days_after", "payable_above_cents", "payable_window_days"),
            sql=("roles", "infusions", "channels_round", "channels", "leakage"),
        ),
        Metric(
            slug="people",
            title="People on infusion therapy",
            why="It is the size of the service line in people, whatever each of them costs.",
            what="Different people with at least one attributed infusion in the months and under the filters chosen. "
            + ATTRIBUTION,
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
        Metric(
            slug="completeness",
            title="Completeness of a column",
            why="A question whose column is empty is not answered, whatever the figures look like.",
            what="The share of a kind's rows (medical claims, pharmacy claims, eligibility) in which a column holds a value that can be read. "
            "A placeholder provider number such as 0000000000 is no value.",
            numerator="Rows with a value.",
            denominator="Rows of the kind that could be taken apart, rejected ones among them.",
            direction="Higher is better; a fall against the source's last extract mostly means that the sender's query has changed.",
            next_step="Ask the sender for the column that the extract's readiness names first.",
            limits="A value can be there and wrong. Columns that concern some rows only (a death date, a modifier) are judged by their fall alone.",
        ),
        Metric(
            slug="unit-outliers",
            title="Doses far from usual",
            why="Units are the claim's weakest column: one slip makes a dose ten times what it was.",
            what="Infusions whose dose (units × the code's unit on the day) is far below the lowest or far above the highest usual dose of the "
            "drug reference, ranked by money. The likely reason is the first billing slip whose arithmetic lands in the usual range.",
            numerator="Allowed amounts of infusions whose dose is far from usual.",
            denominator="Allowed amounts of all infusions with a known dose.",
            direction="Lower is better.",
            next_step="Take the largest group to whoever bills it; nothing is corrected here.",
            limits="A usual range is for an adult's infusion: a child or a loading dose can lie outside and be right.",
            parameters=("dose_flag_below", "dose_flag_above"),
            sql=("infusion_rows",),
        ),
        Metric(
            slug="unknown-codes",
            title="Money on codes that nobody knows",
            why="An infusion whose drug code the reference does not know is not found, and nothing says so.",
            what="Drug codes (HCPCS J, Q, C) that are not in the drug reference, those for drugs without a code of their own (J3490, J3590, J9999, "
            "C9399), and values that are not shaped like a code, which are never shown.",
            numerator="Allowed amounts (where there are none: paid) of accepted rows with such a code.",
            denominator="The same of all accepted medical rows.",
            direction="Lower is better.",
            next_step="Add the costly codes to the drug reference and recompute.",
            limits="Many such codes are rightly absent: the product looks at infusions only.",
            parameters=("drug_code_pattern",),
            sql=("roles",),
        ),
        Metric(
            slug="payer-names",
            title="Payer names",
            why="Policies and rates are found by the payer's name.",
            what="Payer names as the files write them. Those that differ in letter case, blanks or punctuation alone stand together; a name is on "
            "file where a policy or a contract rate names it.",
            numerator="Allowed amounts (where there are none: paid) under names that no policy or rate names.",
            denominator="The same under all names.",
            direction="Lower is better; a payer without policies may rightly have none.",
            next_step="Map spellings to one name when the file is loaded.",
            limits="Two names that look alike may be two companies.",
        ),
        Metric(
            slug="unenrolled",
            title="People without coverage on the day",
            why="Without coverage on file nobody can tell a patient who stopped from one who changed insurer.",
            what="People with an accepted medical line on a day that no eligibility span of theirs covers, in any extract of the run.",
            numerator="People with at least one such line.",
            denominator="People with an accepted medical line in the extract.",
            direction="Lower is better.",
            next_step="Ask for eligibility over the same months as the claims, with the same person ids.",
            limits="A span that is too long hides a gap.",
            sql=("roles", "enrolled"),
        ),
        Metric(
            slug="completion",
            title="Completion of a month",
            why="Recent months always look as if less had left: their claims are still coming in.",
            what="How much of a month's accepted lines is in by now, judged by how fast the feed's earlier months filled up (chain ladder on paid "
            "dates, whole calendar months of payment).",
            numerator="Lines paid so far.",
            denominator="Lines expected once all are paid.",
            direction="Higher is better; a month below the setting is never judged.",
            next_step="Wait for the next extract before judging months that are not complete.",
            limits="A feed that changes its pace misleads; one without paid dates cannot be judged.",
            parameters=("mature_completion", "month_end_days", "band_z"),
            sql=("maturity",),
        ),
        Metric(
            slug="policy-exposure",
            title="Exposed to a policy",
            why="A list of drugs and dates does not say how many of our patients a policy reaches, nor when.",
            what="The first date on which a policy is in force for a person and drug, its start rule is met and its grace is used up. A person "
            "who is exempt keeps the date; one whose plan a state law shields, or whom the policy does not bind, has none. Where nobody knows "
            "whether a plan is insured or self-funded, both answers are given.",
            numerator="People on treatment whose verdict under the policy is “exposed”.",
            denominator="People on treatment whose payer and drug the policy names.",
            direction="Lower is better for us; it says who will be sent elsewhere, not whether that is wrong.",
            next_step="See who is in grace until when, find them a permitted site before that day, and ask for exceptions where they are due.",
            limits="Judged on claims: what they cannot show (a caregiver, veins) gives no exemption and is said. No policy on file means unknown.",
            sql=("treatments", "exposure"),
        ),
        Metric(
            slug="policy-outlook",
            title="At risk in the months ahead",
            why="Policies are announced before they bite; the months between are the time to answer them.",
            what="Infusions that are due (the next expected one, then every interval) of people whom policies will have excluded from where they "
            "are. Each policy counts with its likelihood; of several that reach a person, none has to come for the person to stay: the chance "
            "is 1 - product of (1 - likelihood). A likelihood of 0 is a world without the policy, of 1 a world with it.",
            numerator="Expected infusions, people and allowed amounts at risk.",
            denominator="None: they are expectations.",
            direction="Lower is better.",
            next_step="Move a likelihood to see which policy matters most, then compare sites that would keep those patients.",
            limits="People are taken to go on as they do now: new patients, stops and price changes are not in it.",
            sql=("exposure", "outlook"),
        ),
        Metric(
            slug="white-bag-rate",
            title="White bagging at our clinics",
            why="Every white bag is a dose that our staff store, check and give without the drug's margin and without control of what arrives.",
            what="Of the infusions given at our own sites, whoever ordered them, the share whose drug an outside pharmacy sent. Confirmed: "
            "molecule and date of the pharmacy's claim match. Probable: there is an administration and a specialty fill, and no more. Told apart: "
            "drug that the pharmacy billed on the medical benefit, and fills on the pharmacy benefit. A clear bag came from our own pharmacy "
            "and is not in the rate. Without the patient-level right: those that named prescribers of ours ordered and whose channel is known.",
            numerator="Infusions at our sites whose channel is white bag, confirmed and probable apart.",
            denominator="Infusions at our sites. Those whose channel is not known are in it and shown.",
            direction="Lower keeps margin and control; a rate that falls while more channels are unknown is no improvement.",
            next_step="Take the payers and drugs with the highest rate to the contract talks, with the clinics' hours and delays beside them.",
            limits="Precision by the log is the share of inferred white bags that the clinic noted, in the days that its log covers: a log that misses "
            "doses makes it lower than it is. Recall is the share of noted doses that claims show as white-bagged. Log and claims meet by clinic, drug and day, "
            "since the log names no person; the log also helps to choose among a person's fills, so the two are not wholly independent. "
            "Where a run has no pharmacy claim of a payer, a dose that the site did not bill is probable where the clinic noted it, the site states the "
            "drug without charging for it, the payer's drug-source policy asks for it, or another dose of the same therapy there is such a bag; not "
            "where the clinic's log noted hardly any of the therapy's doses, for our own pharmacy may have sent them. Otherwise it is not known.",
            parameters=(
                "fill_days_before",
                "fill_days_after",
                "payable_above_cents",
                "payable_window_days",
                "log_doses",
                "log_share",
            ),
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
            slug="policy-effect",
            title="Policy effect",
            why="A policy on paper moves nobody by itself; this says whether people moved when it came.",
            what="The share that moved within 90 days of a site policy's date among people it applied to (its payer, line of business and funding, "
            "one of its drugs, at a site it excludes in the 90 days before), minus the same share among comparable people: the same drug "
            "classes at such sites, other payers. Windows of 90 days before the date show whether the groups moved alike without it; their mean "
            "difference is taken off for the second figure.",
            numerator="People of the group whose last infusion in the 90 days after the date was at a site that the policy permits.",
            denominator="All people of the group, also those without an infusion in these days.",
            direction="Neither way is good by itself; it says how strongly a policy of this kind works here.",
            next_step="Use it for the likelihood and size of what an announced policy will do, and read the policy's clauses beside it.",
            limits="Not a cause by itself. Too few with fewer than 20 people in a group; not told before the 90 days are complete. People of other payers may be under "
            "policies of their own, which the page names. Windows share people, so the interval of the second figure is somewhat too narrow. "
            "A policy that excludes by hospital affiliation alone, without site classes, binds nobody here.",
            parameters=("policy_effect_days", "policy_effect_windows"),
            sql=("policy_effects",),
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
        Metric(
            slug="in-reach",
            title="People in reach of a site",
            why="A class of site is a choice for those only who can get there.",
            what="People with an infusion ordered by a prescriber of ours in the run's last 12 months, each once, whose nearest open site of the "
            "class is no farther than the radius: 10, 20 or 30 miles, or the distance set for urban, suburban and rural areas. Permitted leaves "
            "out sites that a site-of-care policy bars for the person. Miles are straight lines (haversine) from the middle of the ZIP code of "
            "the latest eligibility; a site without coordinates lies in the middle of its ZIP code, marked so.",
            numerator="People whose nearest such site is within the radius; for home infusion, people in whose market a provider serves.",
            denominator="People whose ZIP code's middle is known. The others are counted beside it.",
            direction="Higher is better.",
            next_step="Look on the map where those out of reach live, then ask where a new center would reach most of them.",
            limits="Roads are longer than straight lines, and a ZIP code's middle is not a person's home. Areas are by people per square mile "
            "(American Community Survey 2018-2022): urban from 1,000, suburban from 100, rural below.",
        ),
        Metric(
            slug="access-point",
            title="Access points",
            why="A site that looks too small to keep may be the only one that somebody can reach.",
            what="For each open site, the people who have it in reach by their area's distance and no other permitted one.",
            numerator="People who would have no permitted site in reach if this one closed.",
            denominator="None: it is a count.",
            direction="Neither way is good by itself: a large number says what closing would cost.",
            next_step="Before a site closes, say who would serve these people: home infusion, a partner or transport.",
            limits="Whether another site has room for them is not asked here.",
        ),
        Metric(
            slug="travel",
            title="Travel to infusions",
            why="Patients who travel far miss doses, and leave when somebody opens nearer.",
            what="Miles from the middle of a person's ZIP code to the site where each infusion of the last 12 months was given.",
            numerator="The miles that half, and nine in ten, of the infusions do not exceed.",
            denominator="Infusions whose site and ZIP code can be placed; home infusions are left out.",
            direction="Lower is better.",
            next_step="Compare with the travel after new centers, on “Where to open”.",
            limits="Straight lines, not roads. Sites that the register does not hold cannot be placed.",
        ),
        Metric(
            slug="site-money",
            title="What claims pay at a site",
            why="It is the part of a site's margin that claims know.",
            what="For the infusions given at the site, whoever ordered them: what payers allowed, what they paid and what patients owed "
            "(coinsurance, copayment and deductible), by drug, administration and home service lines.",
            numerator="The sum of each amount over the infusions whose claims say it.",
            denominator="Per infusion: those infusions. The others are counted beside it and never taken as zero.",
            direction="Neither way is good by itself: a large allowed amount is a cost to payers and patients.",
            next_step="Margin needs what drugs cost to buy: enter it in a scenario of the site's market.",
            limits="Allowed by payers that this system has claims of; others' infusions are not in it.",
            sql=("infusion_rows", "infusions"),
        ),
        Metric(
            slug="site-quality",
            title="Waits, denials, white bags and impacts of a site",
            why="Patients and doctors choose a site by how soon and how smoothly it gives the dose.",
            what="Days from an order on file to the first infusion that followed it, over the last 12 months of the site's data; and the records "
            "of the denial, white-bag and patient-impact logs that name the site, all that are on file.",
            numerator="The days that half, and nine in ten, of these infusions do not exceed; the number of records and what they add up to.",
            denominator="Waits: infusions that followed an order on file. Logs have none: they are counts.",
            direction="Lower is better.",
            next_step="Long waits: compare with the use of chairs. Denials: see payers and reasons in the denial log.",
            limits="A log is as complete as the people who keep it: no record is not the same as no event.",
            sql=("attribution",),
        ),
        Metric(
            slug="unmet-demand",
            title="Is there unmet demand?",
            why="A new site pays where people wait or have none in reach, and not where chairs stand empty.",
            what="One answer per market out of: the median days from order to first dose, the share of people without a permitted site in reach, "
            "and chair-hours needed of those open. Each is held against a threshold that the page lets you change. Two inputs that point to unmet "
            "demand make it likely, one possible; none is seen where at least two are known and none points to it.",
            numerator="Chair-hours needed: infusions a month that claims show × the therapy's chair minutes ÷ 60.",
            denominator="Chair-hours open: chairs × hours a week × 4.35 weeks × 75% target use, at sites whose chairs and hours are on file.",
            direction="Neither way is good by itself.",
            next_step="Where it is likely, ask where new centers would reach most people, and what they would earn.",
            limits="Claims show our payers' and our own infusions; other patients fill chairs too, above all at others' sites. Satisfaction is not "
            "recorded and counts for nothing. Growth of the population aged 65 or more needs two loaded years and is context: it decides nothing.",
        ),
        Metric(
            slug="covering",
            title="Where to open",
            why="The places that come to mind first are seldom those that keep most patients in reach.",
            what="Of all choices of k sites among the candidates, the one that keeps most people at risk (or their infusions, or their margin) "
            "within the distance of their area, at a site that their policies permit (maximal covering location, solved to proven optimum). With "
            "a capacity or a minimum volume it is also decided who goes where; candidates that a partnership limit bars are left out.",
            numerator="What people with a site of ours in reach add up to: today's, and those whom the new sites add.",
            denominator="The same over all people at risk at known ZIP codes.",
            direction="More kept is better; where the next center adds little, stop.",
            next_step="Take the answer into a scenario: it says what the center costs and earns.",
            limits="With capacities and many places the proof can take longer than a page may: the answer then says how much more any choice "
            "could keep at most. Within reach is not the same as captured: patients and their doctors choose. Candidate ZIP codes taken from the data are the 60 "
            "where most people at risk live, each with 11 people or more.",
        ),
        Metric(
            slug="net-present-value",
            title="Net present value of a scenario",
            why="It puts money spent now and money earned in five years on one scale, and says what a site adds to what would happen anyway.",
            what="Value is the scenario less a baseline, always both: doing nothing (policies take effect as scheduled and the patients they "
            "reach leave, and so do those likely to leave without one) and today unchanged. Outlays before opening fall at month 0, operating flows at the ends of months 1, 2, …; each "
            "line item is rounded to the cent and divided by (1 + rate)^(month ÷ 12). The bars of the bridge add up to it, to the cent.",
            numerator="Sum of the monthly flows of the scenario less the baseline, each at its present value.",
            denominator="None: it is a sum of money.",
            direction="Higher is better. Above zero the site adds more than the discount rate asks for.",
            next_step="See which part of the bridge carries it, then how far it spreads.",
            limits="A projection from the scenario's inputs. Margin beyond infusion (downstream care, reputation) is not in it.",
        ),
        Metric(
            slug="scenario-volumes",
            title="Infusions of a scenario, by month",
            why="A projection is no better than its volumes. What is measured, what is typed over it, and what becomes of it must stand side by side.",
            what="Measured: infusions of the run's last six mature months, by payer, line of business and therapy in groups of 11 people or "
            "more, divided by the months. Used: the same, or the number that somebody typed over it, with reason and name; that is a guess. If "
            "nothing is done, patients leave from the month on in which a decided site-of-care policy reaches them; whom no policy reaches "
            "may leave in each of the 12 months ahead with the chance that the run's risk to move gives, where its forecast beat the base rate on "
            "months it had not seen. Policy first: nobody leaves twice. Of a chance only what comes without announced and anticipated policies "
            "counts. Volumes grow or fall by the year as answered; new referrals are a share of them.",
            numerator="Infusions a month by what becomes of them: here, taken by policies, moved without one, elsewhere, at the new site.",
            denominator="Months measured: six.",
            direction="More at the new site is what was planned; more in our hospitals is what stays without it.",
            next_step="Look at the payer and therapy of which most leave; type over what is known better, and say who says so.",
            limits="Who leaves after the 12 months forecast is not counted, nor who comes in place of those who left: they would be in every "
            "world alike. Of a group with fewer than 11 people whom no policy reaches, nobody leaves by risk.",
        ),
        Metric(
            slug="demand-drivers",
            title="What a driver of demand brings",
            why="A council argues about one reason at a time: this policy, that leakage, our growth. Each can be switched off in front of others.",
            what="A driver is one reason for which patients come to a new site or volumes change: each site-of-care policy, moves without a "
            "policy, who comes back, who prefers the site, leakage that returns, new referrals, growth or decline. Its effect is the "
            "value with all that is on, less the value with this driver alone off. Drivers act on each other (growth of a volume that a policy "
            "moves, a site that is full), so what several bring only together is a row of its own: value without any driver + effects + "
            "acting together = the value, to the cent.",
            numerator="Net present value, and infusions at the site over all months, as switched less with the driver off.",
            denominator="None: it is a sum of money.",
            direction="Above zero the driver adds value, below it takes some.",
            next_step="Find out more about the driver that brings most, or keep the scenario without one that the council does not believe.",
            limits="A driver that is answered by nothing drives nothing and is not listed. Drug-source policies change prices, not volumes.",
        ),
        Metric(
            slug="options",
            title="Value of an option",
            why="A center of our own is one answer of ten. The others must be told in the same numbers before one is chosen.",
            what="Every option is the same engine on the same patients: the market, its months, prices and pay are shared. An option differs "
            "by its own answers (what it builds, who comes, our share), and by the class of site whose prices it is paid: Medicare's rule "
            "or the contract rate in force by payer, class, code and date, else a planning price that is marked a guess. Nobody comes "
            "where a policy excludes the class, where Medicare has no benefit (home), or where the drug has no form to inject.",
            numerator="Net present value of the option less the baseline; a partner's site and referring out earn nothing by themselves.",
            denominator="None: it is a sum of money.",
            direction="Higher is better. Doing nothing is zero against itself, by definition.",
            next_step="Keep the options worth arguing about as scenarios, and correct the answers that are guesses.",
            limits="What an option answers in its own way is a default until somebody changes it. Home immune globulin under Medicare is "
            "not told apart, and a month of an injected drug is priced as the infusion it replaces.",
        ),
        Metric(
            slug="probability-of-a-positive-return",
            title="Probability of a positive return",
            why="One number hides how sure it is; this one says how often the site adds value when every input may be wrong at once.",
            what="Each uncertain input has a spread: given by somebody, or following from its mark (measured, borrowed, guessed). All are drawn "
            "together, seeded, those that belong together with a stated rank correlation, and the whole cash flow is computed for "
            "each draw. What we decide ourselves (chairs, hours, discount rate) is not drawn.",
            numerator="Draws in which the net present value against doing nothing is above zero.",
            denominator="All draws (10,000).",
            direction="Higher is better. Near one half nobody knows; the inputs that move it most are named beside it.",
            next_step="Find out the guess that is worth most, or change the scenario so that the worst inputs matter less.",
            limits="It is only as good as the spreads: the same inputs with wider spreads give another probability. Surprises that no "
            "input stands for are not in it.",
        ),
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
            slug="assumption-debt",
            title="Assumption debt",
            why="A council can vote on measurements and on dated sources; what rests on guesses it has to pay back by finding out.",
            what="The share of the spread of the net present value that rests on guessed inputs. The value of the draws is regressed on all "
            "drawn inputs; each takes its slope times its covariance with the value, so that the shares add up, and an input that "
            "turns from a guess into a measurement lowers the debt by its own share.",
            numerator="Variance of the value that guessed inputs explain.",
            denominator="Variance of the value that all inputs explain; how much that is of the whole is stated beside it.",
            direction="Lower is better.",
            next_step="Find out first what is worth most: the table names for each guess the most that an answer is worth.",
            limits="Bends (a site that is full) and products of inputs are assigned to no input. A narrow guess counts little, so the spreads "
            "deserve as much care as the values.",
        ),
        Metric(
            slug="formulary",
            title="Formulary of a site",
            why="A small site lives on few drugs: those that Medicare and most payers cover and that pay for themselves.",
            what="For every therapy of a scenario's market: the margin of an infusion at the site (340B benefit included, supplies taken off), the "
            "share of its infusions whose payer lets them come and pays no less than they cost, what Medicare leaves, chair minutes, "
            "availability from the readiness list, denials against the average drug, and how it is prepared. A therapy that fails a rule is "
            "out; what is not known fails none and is said. A decision by hand needs a reason. Drugs that are out bring no volume.",
            numerator="Infusions of payers that cover the drug at no loss.",
            denominator="All infusions of the drug in the market's groups of 11 people or more.",
            direction="A higher margin of a chair hour is better; a drug below zero costs money with every patient.",
            next_step="Put the list into effect and see what it does to the scenario.",
            limits="Small therapies are pooled and decided together. How a drug is prepared is what people state.",
        ),
        Metric(
            slug="patient-and-payer-cost",
            title="What patients and payers pay",
            why="A center is an alternative only where it is less expensive for those who pay: the payer, and the patient out of pocket.",
            what="The same drug at the same dose on the same day at every kind of site, at the prices on file. The patient pays the deductible "
            "that is left, coinsurance on the rest and a copay, at most what is left of the out-of-pocket maximum; the payer pays the rest. "
            "Original Medicare without a supplement: 20 % of what is allowed.",
            numerator="What is allowed for drug and administration, split into the patient's and the payer's part.",
            denominator="None: it is an amount of one infusion.",
            direction="Lower is better for patients and payers; for us it is revenue.",
            next_step="Take the difference into talks on rates, and tell patients what moving saves them.",
            limits="One plan design stands for every payer; put in the one you mean. Copay assistance and secondary coverage are not in it.",
        ),
        Metric(
            slug="freed-chair-hours",
            title="Freed chair-hours of a scenario",
            why="Hours that moving people frees at the hospital are worth what the next patient brings, and nothing where nobody waits.",
            what="Infusions of people who would still be at the hospital and come to the new site, in the last month looked at, times their "
            "chair minutes. The log of orders says who waits on its last day: neither rejected nor infused. They are served in the order of "
            "their orders until the next one does not fit; each brings the hospital's mean margin of the therapy.",
            numerator="Margin a month of those who are served.",
            denominator="Their chair-hours, for the margin of an hour.",
            direction="More hours used is better; hours nobody waits for are cost, not value.",
            next_step="Staff the hours for those who wait, or give the room back.",
            limits="It is shown beside the net present value and is not in it. Counts of 1 to 10 people are hidden.",
        ),
        Metric(
            slug="per-diem-adequacy",
            title="Per-diem adequacy",
            why="Home infusion is paid by a bundled amount a day; where that does not cover the services, every patient moved home costs money.",
            what="For a payer and a therapy at its usual dose: per diem × days paid + nursing visit (99601, and 99602 for each hour beyond two), "
            "less what the services cost: pharmacist, technician and nurse by the hour with benefits, supplies, delivery, and overhead on all "
            "of them. The drug's margin stands apart, so that it cannot hide the gap. Original Medicare pays for a day only when a "
            "professional is in the home, for pump drugs alone, and for immune globulin in primary immunodeficiency alone.",
            numerator="Per diem and visit less service cost, of one infusion.",
            denominator="Days of per diem that are paid for an infusion, for the gap a day.",
            direction="Above zero the services pay for themselves; below, talk about the rate or leave the therapy out.",
            next_step="Take the brief of the payer with the widest shortfall into its next talks.",
            limits="Cost inputs are guesses until somebody gives better ones; each carries its mark. A payment that is not on file is not known, "
            "never zero.",
        ),
        Metric(
            slug="error-of-an-approved-scenario",
            title="Error of an approved scenario",
            why="Who approves should learn whom to believe: what was promised is set against what came, assumption by assumption.",
            what="For the first 3, 6 and 12 months since the opening that was approved: what payers allowed at the site less what the "
            "scenario expected, split over three causes that add up to it to the cent. Opening: infusions the scenario would have had, "
            "had it opened when the site did, less those it expected, at the expected price. Volume: infusions given less those, at the "
            "expected price. Price: what was allowed less the infusions given at the expected price; a changed mix of payers and drugs is in it. "
            "Costs: what was recorded of a cost line less what was expected, running costs in the window's months, outlays from the beginning. "
            "Hospital: what our departments gave less what was expected to stay, which is what they gave in the months the scenario was "
            "measured on times the share it keeps; kept is the error in infusions at the expected price, the rest is what they are paid.",
            numerator="Allowed amount of infusions at the site (or our hospital departments) ordered by named prescribers of ours, less the scenario's; or a cost line's amount less the scenario's.",
            denominator="The scenario's allowed amount of the same months, for the error as a share.",
            direction="Near zero is better; the sign says in which direction an owner errs.",
            next_step="Ask the owner of the largest error what the next scenario should assume.",
            limits="Months count once claims of them are complete. Costs are compared as far as somebody recorded them. What the majority rule "
            "alone attributes is not in the actuals.",
        ),
        *LEAKAGE,
    )
}


def stages() -> list[tuple[str, str]]:
    """(file, what its first comment says) of every SQL stage there is."""
    found = []
    for path in sorted(SQL_FOLDER.glob("*.sql")):
        first = path.read_text(encoding="utf-8").lstrip().splitlines()[0] if path.stat().st_size else ""
        found.append((path.name, first.removeprefix("--").strip()))
    return found
