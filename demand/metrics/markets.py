"""Definitions of sites and markets: reach, travel, money, quality, unmet demand, where to open."""

from demand.metrics.metric import Metric

METRICS = (
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
)
