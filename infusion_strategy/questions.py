"""The questions that leaders ask, each answered in a sentence from the newest run, with how sure the answer is and where it comes from.

The answers are those of the pages they link to, asked through the same selectors, so that no number can differ from its page's.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db.models import Max
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand import leak_words, words
from demand.access import access_published_run, sees_small_counts
from demand.charts.leaks import share
from demand.charts.numbers import count, count_of, dollars, how_many, percent
from demand.charts.safety import thousand
from demand.engine.disclosure import HIDDEN
from demand.engine.retention_line import KINDS, Criterion, Line
from demand.engine.standardised_rates import differs
from demand.filters import DashboardFilters
from demand.line_question import LineQuestion
from demand.models import LeakageCell, RetentionLine, Run
from demand.selectors import clinical_line, dark, leaks, move_risk, safety
from demand.selectors.choices import undecided
from demand.selectors.coverage import coverage
from demand.selectors.dashboard import dashboard
from demand.selectors.facts import ResultsMissing
from roi.engine.worlds import DO_NOTHING
from roi.models import ScenarioResult
from roi.selectors import scenarios

AGE, OLDER, YEARS = "AGE", 21, 3  # the age line is moved from where it stands to 21; by 3 years where it stands there already
HOSPITAL, OUTSIDE = "hopd_on_campus", ("home", "infusion_center")
ROUNDED = " Numbers of people are slightly perturbed and rounded to tens; 1 to 10 people are hidden."


@dataclass(frozen=True)
class Answer:
    """`sure`: how far the answer can be trusted, in words. `pages`: label and address of where it comes from."""

    question: str
    says: str
    sure: str
    pages: tuple[tuple[str, str], ...]


@require_safe
def questions(request):
    run = access_published_run(request.user)
    context = {"run": run}
    if run:
        asked = (who_left, margin_gone, overdue, next_to_leave, as_safe, must_stay)
        context |= {
            "answers": [*(_answered(ask, run, sees_small_counts(request.user)) for ask in asked), chosen(run)],
            "coverage": coverage(run),
        }
        if request.user.has_perm("roi.view_scenarios"):
            context["answers"].append(would_a_site_pay(request.user))
    return render(request, "brief/questions.html", context)


def _answered(ask: Callable[[Run, bool], Answer], run: Run, see_small: bool) -> Answer:
    try:
        return ask(run, see_small)
    except ResultsMissing as missing:
        return Answer(ask.__doc__ or "", str(missing), "", (("Runs", reverse("demand:runs")),))


def last_year(run: Run) -> DashboardFilters:
    """The 12 months up to the newest that is complete for everybody (one open cell leaves a month open, as on the home page);
    everything where no month is complete."""
    cells = LeakageCell.objects.filter(run=run)
    unfinished = cells.filter(mature=False).values("month")
    newest = cells.exclude(month__in=unfinished).aggregate(newest=Max("month"))["newest"]
    if newest is None:
        return DashboardFilters()
    return DashboardFilters(since=dt.date(newest.year - (newest.month < 12), newest.month % 12 + 1, 1), through=newest)


def _largest(parts, named: Callable[[leaks.Part], str]) -> str:
    shown = [part for part in parts if part.kind == "left" and part.leaked.allowed_cents not in (HIDDEN, None, 0)]
    if not shown:
        return "what may not be shown"
    top = max(shown, key=lambda part: part.leaked.allowed_cents)
    of_shown = ", of what may be shown" if any(part.kind == "left" and part.leaked.hidden for part in parts) else ""
    return f"“{named(top)}” ({dollars(top.leaked.allowed_cents)}){of_shown}"


def who_left(run: Run, see_small: bool) -> Answer:
    """Who left in the last year, to whom, and why?"""
    year = last_year(run)
    found, ever = (leaks.leaks(run, filters, see_small, "payer") for filters in (year, DashboardFilters()))
    gone = dashboard(run, year, see_small).total.at("site_leak").infusions
    explained = [part for part in found.why if part.code[0] != "unexplained"]
    unexplained = [part.leaked.allowed_cents for part in ever.why if part.kind == "left" and part.code[0] == "unexplained"]
    blind = share(HIDDEN if HIDDEN in unexplained else sum(cents or 0 for cents in unexplained), ever.total.allowed_cents)
    return Answer(
        who_left.__doc__ or "",
        f"Left in {year.words()}: {count_of(gone, found.base)} infusions ({percent(share(gone, found.base))}). "
        f"Most went to {_largest(found.where, lambda part: leak_words.place(part.code))}; "
        f"the reason named most is {_largest(explained, lambda part: leak_words.reason(part.code[0]))}.",
        f"Complete months only. Over all months the site or the channel of {percent(share(ever.unknown, ever.named))} of the infusions is "
        f"not known, and nothing on file explains {percent(blind)} of the dollars.",
        (("How, where, why", f"{reverse('demand:leakage')}?{year.query_string()}"),),
    )


def margin_gone(run: Run, see_small: bool) -> Answer:
    """How much left though the patient stayed?"""
    total = dashboard(run, DashboardFilters(), see_small).total
    bagged, base = total.at("margin_leak"), total.counted.infusions
    confirmed, probable = (total.at(f"margin_leak:{kind}").infusions for kind in ("confirmed", "probable"))
    return Answer(
        margin_gone.__doc__ or "",
        f"Over all months {count(bagged.infusions)} infusions at our own sites ({percent(share(bagged.infusions, base))} of those in the "
        f"rate) came with drug from somebody else's pharmacy, {dollars(bagged.allowed_cents)} allowed.",
        f"{how_many(confirmed).capitalize()} are confirmed by a pharmacy's claim, {how_many(probable)} are probable; the page says how both agree with "
        "the clinics' own log. What is allowed is no margin: that needs what drugs cost us, a scenario's matter.",
        (("White bagging", reverse("demand:white-bagging")), ("How, where, why", reverse("demand:leakage"))),
    )


def overdue(run: Run, see_small: bool) -> Answer:
    """Who is overdue, with nothing seen anywhere?"""
    found = dark.register(run, DashboardFilters(), see_small, "payer")
    unknown, early = found.of("unknown"), found.of("feed_immature")
    return Answer(
        overdue.__doc__ or "",
        f"{count(unknown.treatments)} treatments are dark: overdue, still enrolled, in no feed; one dose of each is "
        f"{dollars(unknown.dose_cents)}.",
        f"Complete months only: {how_many(early.treatments)} more are too early to call. Answers on record: "
        f"{count_of(found.answers.answered, found.answers.of)} treatments.",
        (("Dark patients", reverse("demand:dark")),),
    )


def next_to_leave(run: Run, see_small: bool) -> Answer:
    """Who is likely to leave next?"""
    found = move_risk.who_is_next(run, see_small)
    total, card = found.total, found.card
    if total is None or total.is_hidden:
        says = "So few treatments go on at our sites that nothing can be said."
    else:
        says = (
            f"{total.expected:,.1f} of {count(total.treatments)} treatments ({percent(total.share)}) are expected to move out within "
            f"12 months, from {total.low:,.1f} to {total.high:,.1f} by chance alone (80% interval)."
        )
    sure = {
        "better": "Better than the base rate on a year it had not seen.",
        "no better": "No better than the base rate on a year it had not seen: who will leave cannot be told.",
        "too few": "Too few moves are on file to tell one patient from another.",
    }[card["status"]]
    if found.is_judged:
        last = card["evaluation"]
        sure += f" The last forecast expected {last['expected']:,.1f}; {count_of(last['moved'], last['treatments'])} moved."
        sure += " That lay outside its own chance interval." if found.is_last_outside else ""
    sure += " Chance alone is not the whole uncertainty."
    return Answer(
        next_to_leave.__doc__ or "", says, sure,
        (("Who is next", reverse("demand:who-is-next")), ("The model", reverse("demand:risk-model"))),
    )  # fmt: skip


def as_safe(run: Run, see_small: bool) -> Answer:
    """Is a site outside the hospital as safe?"""
    rates = {one.site_class: one for one in safety.event_rates(run, "hospital", 1, see_small)}
    hospital = rates.get(HOSPITAL)
    whole = hospital and hospital.adjusted
    outside = [(place, one.adjusted) for place in OUTSIDE if (one := rates.get(place)) and one.adjusted]
    known = [rate for _, rate in outside if rate is not HIDDEN]
    told = []
    for place, rate in outside:
        said = f"{words.site_class(place)}: {_rate(rate)}"
        if HIDDEN not in (rate, whole) and whole:
            way = "higher" if rate[0] > whole[0] else "lower"
            told.append(
                f"{said}: {way} than chance explains"
                if differs(rate, whole, len(known))
                else f"{said}: chance alone may explain it"
            )
        else:
            told.append(said)
    told += [f"{words.site_class(place)}: too few to tell" for place in OUTSIDE if place not in dict(outside)]
    return Answer(
        as_safe.__doc__ or "",
        "Followed by an emergency visit or admission on the day or the next, adjusted for the mix of cases. "
        f"{words.site_class(HOSPITAL)}: {_rate(whole)}. {'. '.join(told)}.",
        "Case mix is what claims show of it; that nothing is told apart does not show that sites are alike where few people were treated.",
        (("Safety and quality", reverse("demand:safety")),),
    )


def _rate(rate) -> str:
    return "so few that it may not be shown" if rate is HIDDEN else thousand(rate) if rate else "too few to tell"


def must_stay(run: Run, see_small: bool) -> Answer:
    """How many must stay in the hospital, and what if the age line moves?"""
    asked = LineQuestion.from_query({})
    moved, age = _older(asked.line)
    now = clinical_line.answer(run, asked.line, None, asked.scope, see_small)
    then = clinical_line.answer(run, moved, asked.line, asked.scope, see_small)
    held = then.held.people if then.held else 0
    question = replace(asked, line=moved)
    return Answer(
        must_stay.__doc__ or "",
        f"Must stay: {count_of(now.counts['must_stay'], now.people)} people treated in hospital departments; "
        f"may move: {count(now.counts['may_move'])} people. With the age line at {age}, {how_many(then.counts['must_stay'])} must stay: "
        f"{count(held)} people who may move now would have to stay.",
        f"{_named(asked.version)}; for {count(now.counts['not_enough_data'])} people the data are not enough, and what claims cannot "
        f"show counts only where recorded.{'' if see_small else ROUNDED}",
        (
            ("Clinical line", reverse("demand:clinical-line")),
            (f"With the age at {age}", f"{reverse('demand:clinical-line')}?{question.query()}"),
            ("Whom to move", reverse("demand:gladly")),
        ),
    )


def _named(version: RetentionLine | None) -> str:
    if version is None:
        return "The line that counts is the line as shipped, which no clinical lead has signed"
    signed = "signed by a clinical lead" if version.signed_at else "a draft that no clinical lead has signed"
    return f"The line that counts is version {version.pk}, {signed}"


def _older(line: Line) -> tuple[Line, int]:
    """The line with a higher age, and that age; below the age from which people stay, which the line may name too."""
    stands = line.of(AGE)
    age = stands["below"] + YEARS if stands.on and stands["below"] >= OLDER else OLDER
    age = min(age, (stands["from"] or KINDS[AGE].thresholds[0].high + 1) - 1)

    def moved(one: Criterion) -> Criterion:
        return replace(one, on=True, thresholds={**one.thresholds, "below": age}) if one.code == AGE else one

    return Line(tuple(moved(one) for one in line.criteria)), age


def chosen(run: Run) -> Answer:
    """What have we chosen, and what merely left as it is?"""
    return Answer(
        chosen.__doc__ or "",
        undecided(run).sentence or "No market is known yet: sites and people's ZIP codes make them.",
        "Each choice keeps its reason, evidence and review date.",
        (("Choices", reverse("choices:choices")),),
    )


def would_a_site_pay(user) -> Answer:
    """Would a new site pay?"""
    computed = [one for one in scenarios.listed(user) if one.result and "uncertainty" in one.result.summary]
    if not computed:
        says, sure = "No scenario is computed yet.", "Nothing is known before one is."
    else:
        best = max(computed, key=lambda one: _chance(one.result))
        says = (
            f"Of {len(computed)} computed scenario{'s' if len(computed) > 1 else ''}, “{best.scenario.name}” has the best chance: "
            f"{percent(_chance(best.result))} of its draws return more than doing nothing."
        )
        debt = best.result.summary["uncertainty"]["debt"]
        sure = f"{percent(debt['guessed'])} of its spread rests on guesses." if debt else "Nothing in it spreads."
    return Answer(would_a_site_pay.__doc__ or "", says, sure, (("Scenarios", reverse("roi:scenarios")),))


def _chance(result: ScenarioResult) -> float:
    return result.summary["uncertainty"]["baselines"][DO_NOTHING]["probability_positive"]
