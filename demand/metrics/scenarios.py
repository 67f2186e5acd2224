"""Definitions of scenarios: value, volumes, drivers, uncertainty, prices, chairs, and the look back."""

from demand.metrics.metric import Metric

METRICS = (
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
)
