"""What a run's data cannot show about leakage, and what would unlock it: one sentence each, none where nothing is missing."""

from django.core.cache import cache

from demand.models import Run
from demand.selectors.facts import ask_tables, results_key
from demand.words import joined
from sites.models import Prescriber, Site

MONTHS_FOR_MOVES = 18  # two infusions at each of two sites eight weeks apart, a year before for a new start
MANY_UNKNOWN = 0.2


def unseen(run: Run) -> tuple[str, ...]:
    """ResultsMissing where the run's files are gone."""
    return cache.get_or_set(f"unseen|{results_key(run)}", lambda: _sentences(run), timeout=3600)


def _sentences(run: Run) -> tuple[str, ...]:
    [(infusions, attributed, first, last, months, payers, some_payer, unknown_site)] = ask_tables(
        run,
        "SELECT count(*), count(*) FILTER (is_headline), min(month), max(month), "
        "coalesce(date_diff('month', min(month), max(month)) + 1, 0), count(DISTINCT payer) FILTER (payer <> 'unknown'), "
        "any_value(payer) FILTER (payer <> 'unknown'), "
        "count(*) FILTER (site_class = 'unknown') FROM {facts}",
    )
    if not infusions:
        return ("No infusion was found in the claims of this run: look at “Quality” for what was held back.",)
    [(fills,)] = ask_tables(run, "SELECT count(*) FROM {pharmacy_fills}")
    [(spans,)] = ask_tables(run, "SELECT count(*) FROM {eligibility}")
    [(judged,)] = ask_tables(run, "SELECT count(completion) FROM {maturity}")
    said = []
    if months < MONTHS_FOR_MOVES:
        said.append(
            f"The claims span {months} month{'s' if months != 1 else ''} ({first:%b %Y} to {last:%b %Y}). A move takes two infusions at each of two sites, so with doses every eight "
            f"weeks hardly any can be seen, and no new start can be told. Load claims of {MONTHS_FOR_MOVES} months or more to see them."
        )
    if payers <= 1:
        said.append(
            f"All infusions come from one payer ({some_payer or 'not named'}): who changes insurer is lost from sight, and payers cannot be compared. "
            "Load another payer's extract."
        )
    if not Site.objects.filter(ownership=Site.Ownership.OWNED).exists():
        said.append(
            "No site of ours is in the register, so nobody can be seen leaving one. Load sites.csv with ownership “owned”, then recompute."
        )
    if not attributed:
        missing = (
            "the roster of prescribers is empty" if not Prescriber.objects.exists() else "no claim names a prescriber on the roster"
        )
        said.append(
            f"No infusion is ordered by a named prescriber of ours, because {missing}: nothing counts as ours to lose. Load prescribers.csv, and ask "
            "for ordering provider numbers in the claims."
        )
    pharmacy = (run.result.get("counts") or {}).get("rows", {}).get("pharmacy", {}).get("accepted", 0)
    fill_words = "pharmacy claims for any drug that is also infused" if pharmacy else "pharmacy claims"
    absent = [name for name, number in ((fill_words, fills), ("eligibility", spans)) if not number]
    if absent:
        lost = ["confirmed white bags and shifts to self-injection"] * (not fills) + ["who is dark and who only lost coverage"] * (
            not spans
        )
        said.append(
            f"There {'is' if absent == ['eligibility'] else 'are'} no {joined(absent)} in this run: {joined(lost)} cannot be told. Load them for the same people and months."
        )
    if not judged:
        said.append(
            "No claim carries a paid date, so no month can be called complete and nobody dark. Ask the sender for paid_date."
        )
    if unknown_site > MANY_UNKNOWN * infusions:
        said.append(
            f"Of {unknown_site / infusions:.0%} of the infusions ({unknown_site:,} of {infusions:,}) the site is not known: they stay “unknown” and in no "
            "rate. Ask for billing and facility provider numbers, and place of service or bill type."
        )
    return tuple(said)
