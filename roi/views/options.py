"""Options side by side: every option of one scenario computed now, kept ones as they stand, and keeping them."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from demand.tasks import enqueue
from roi.access import access_editing, access_scenarios, access_version
from roi.actions.options import keep_options
from roi.actions.scenarios import Refused
from roi.charts import options as charts
from roi.engine.inputs import InputError
from roi.selectors import options, scenarios

MOST = 10


@require_safe
def every_option(request, pk: int):
    page = scenarios.page(request.user, pk)
    sides = options.every_option(page.center)
    context = {
        "page": page,
        "sides": sides,
        "figures": charts.figures(sides),
        "old_market": any(not cell.offers for cell in page.center.market.cells),
        "unseen": scenarios.unseen([page.version.pk]),
    }
    return render(request, "roi/options.html", context)


@require_POST
def keep(request, pk: int):
    access_editing(request.user)
    version = access_version(request.user, pk)
    try:
        saved = keep_options(request.user, version, request.POST.getlist("option"))
    except (Refused, InputError) as refusal:
        messages.error(request, f"Nothing was kept. {refusal}")
        return redirect("roi:options", pk)
    enqueue(*(each.run for each in saved))
    messages.success(request, f"{len(saved)} scenario{'s are' if len(saved) > 1 else ' is'} kept; the draws follow.")
    beside = [pk, *(each.version.scenario_id for each in saved)][:MOST]
    chosen = "&".join(f"s={each}" for each in beside)
    response = redirect("roi:side-by-side")
    response["Location"] += f"?{chosen}"
    return response


@require_safe
def side_by_side(request):
    """Kept scenarios as columns of one question; the choice lives in the address."""
    asked = list(dict.fromkeys(request.GET.getlist("s")))
    if len(asked) > MOST or not all(pk.isascii() and pk.isdecimal() and len(pk) < 10 for pk in asked):
        raise Http404
    sides = options.kept(request.user, [int(pk) for pk in asked])
    context = {
        "choices": access_scenarios(request.user).filter(archived_at=None),
        "chosen": [side.pk for side in sides],
        "sides": sides,
        "figures": charts.figures(sides),
        "uncomputed": [side for side in sides if side.summary is None],
        "differing": options.differing(sides),
        "most": MOST,
    }
    return render(request, "roi/side_by_side.html", context)
