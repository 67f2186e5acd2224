"""Definitions of what policies reach and what they did."""

from demand.metrics.metric import Metric

METRICS = (
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
)
