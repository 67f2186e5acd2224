"""Sites as claims show them: one page a site, sites that nobody registered, competitors, and entries that may be one place."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from demand import words
from demand.access import access_dashboard, access_published_run, sees_small_counts
from demand.charts.sites import figures
from demand.models import Denial, PatientImpact, WhiteBagEvent
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from demand.selectors.site_lists import competitors as find_competitors
from demand.selectors.site_lists import unregistered as find_unregistered
from demand.selectors.sites import site_page
from payers.models import Rate, SitePeriod340B
from sites.access import access_editable_site, access_editing, access_site, may_edit_sites
from sites.actions import changes, merge
from sites.actions.decisions import Refused
from sites.engine import duplicates
from sites.models import Site
from sites.site_form import LABELS, in_words
from sites.views.register import difference

REASONS = {
    duplicates.NPI: "the same provider number",
    duplicates.ADDRESS: "the same address",
    duplicates.NAME: "names that are nearly the same",
}
SHOWN = 200


@require_safe
def site(request, pk: int):
    """One site: what deserves attention, then what it did, then what the register says."""
    found = access_site(request.user, pk)
    see_small = sees_small_counts(request.user)
    page = site_page(found, access_published_run(request.user), see_small, timezone.localdate())
    context = {
        "page": page,
        "site": found,
        "outcomes": [(words.OUTCOMES[outcome], cell) for outcome, cell in page.slices.items()],
        "figures": figures(page),
        "coverage": page.coverage,
        "may_edit": may_edit_sites(request.user),
        "history": [(row, difference(row)) for row in page.history],
    }
    return render(request, "sites/site.html", context)


@require_safe
def unregistered(request):
    """Provider numbers that claims name as the site and the register does not know, largest first."""
    run = access_published_run(request.user)
    context = {"run": run, "may_edit": may_edit_sites(request.user), "classes": words.SITE_CLASSES}
    if run:
        try:
            found = find_unregistered(run, sees_small_counts(request.user))
            context |= {
                "found": found, "coverage": coverage(run), "not_shown": max(0, len(found.rows) - SHOWN),
                "rows": [(row, words.site_class(row.site_class)) for row in found.rows[:SHOWN]],
            }  # fmt: skip
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return render(request, "sites/unregistered.html", context)


@require_safe
def competitors(request):
    """Who else gives infusions here, who stands behind them, and what left us for them."""
    access_dashboard(request.user)
    market = request.GET.get("market", "")[:200]
    run = access_published_run(request.user)
    markets = list(Site.objects.on_file().exclude(market="").order_by("market").values_list("market", flat=True).distinct())
    context = {"run": run, "market": market, "markets": markets, "coverage": coverage(run) if run else None}
    try:
        context["found"] = find_competitors(run, market, sees_small_counts(request.user))
    except ResultsMissing as missing:
        context |= {"missing": str(missing), "found": find_competitors(None, market, False)}
    return render(request, "sites/competitors.html", context)


@require_safe
def duplicates_found(request):
    """Entries that may be one place, those with most signs first."""
    access_editing(request.user)
    pairs = duplicates.pairs(changes.places(changes.entries()))
    sites = Site.objects.in_bulk({name for pair in pairs[:SHOWN] for name in (pair.first, pair.second)}, field_name="site_id")
    rows = [
        (sites[pair.first], sites[pair.second], [REASONS[reason] for reason in pair.reasons], pair.shared) for pair in pairs[:SHOWN]
    ]
    every = Site.objects.on_file().order_by("name") if Site.objects.on_file().count() <= 1000 else None
    return render(request, "sites/duplicates.html", {"rows": rows, "number": len(pairs), "every": every})


@require_safe
def choose_merger(request):
    """Two entries picked by hand: their ids or page numbers -> the page that shows what merging them would do."""
    access_editing(request.user)
    picked = [Site.objects.on_file().filter(site_id=request.GET.get(name, "").strip()).first() for name in ("keep", "merge")]
    if None in picked or picked[0] == picked[1]:
        messages.error(request, "Choose two different sites by their ids, as the list of sites has them.")
        return redirect("demand:duplicate-sites")
    return redirect("demand:merge-sites", picked[0].pk, picked[1].pk)


@require_http_methods(["GET", "HEAD", "POST"])
def merge_sites(request, keep: int, other: int):
    """What merging would do; with POST, doing it."""
    kept, merged = access_editable_site(request.user, keep), access_editable_site(request.user, other)
    try:
        plan = merge.plan(kept, merged)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("demand:duplicate-sites")
    clashes = _clashes(kept.site_id, merged.site_id)
    if request.method == "POST" and not clashes:
        try:
            change = merge.merge(request.user, kept, merged)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("demand:merge-sites", keep, other)
        messages.success(
            request, f"{merged.name} is merged into {kept.name}. Recompute to count its infusions there; the change can be undone."
        )
        return redirect("sites:site-change", change.pk)
    context = {
        "kept": kept, "merged": merged, "clashes": clashes,
        "changes": [(LABELS[name], in_words(name, before), in_words(name, after)) for name, before, after in plan.changes],
        "differs": [(LABELS[name], in_words(name, mine), in_words(name, theirs)) for name, mine, theirs in plan.left_behind],
        "named": _named(merged.site_id, sees_small_counts(request.user)),
    }  # fmt: skip
    return render(request, "sites/merge.html", context)


def _named(site_id: str, see_small: bool) -> list[tuple[str, int | None]]:
    """What names the merged site by its id; it keeps the id and is read as the kept site's. None: some, and too few to say."""
    open_counts = [("contract rates", Rate), ("340B periods", SitePeriod340B)]
    logs = [("denials", Denial), ("white-bag events", WhiteBagEvent), ("patient impacts", PatientImpact)]
    found = [(name, model.objects.filter(site_id=site_id).count()) for name, model in open_counts]
    for name, model in logs:
        number = model.objects.filter(site_id=site_id).count()
        found.append((name, number if see_small or number == 0 or number > 10 else None))
    return found


def _clashes(kept: str, merged: str) -> list[str]:
    """Rates and 340B periods of both that would say the same case from the same day."""
    fields = ("payer", "plan", "site_class", "hcpcs_code", "basis", "effective_from")
    mine = set(Rate.objects.filter(site_id=kept).values_list(*fields))
    theirs = set(Rate.objects.filter(site_id=merged).values_list(*fields))
    said = [
        f"Both have a rate of {payer} for {code or 'any code'} from {day}; end or change one of them first."
        for payer, _, _, code, _, day in sorted(mine & theirs)
    ]
    days = set(SitePeriod340B.objects.filter(site_id=kept).values_list("starts_on", flat=True))
    both = days & set(SitePeriod340B.objects.filter(site_id=merged).values_list("starts_on", flat=True))
    return said + [f"Both have a 340B period from {day}; take one of them away first." for day in sorted(both)]
