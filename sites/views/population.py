"""People by ZIP code and year: what is on file, and a file that adds years to it."""

from django.db.models import Count, Sum
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from sites.access import access_editing
from sites.actions.load import load_population
from sites.actions.registers import Loaded
from sites.models import ZipPopulation
from sites.views.register import MOST_BYTES, UploadForm
from sites.views.uploads import read_upload

SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def population(request):
    access_editing(request.user)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    result = _loaded(form) if request.method == "POST" and form.is_valid() else None
    years = ZipPopulation.objects.order_by("year").values("year").annotate(
        zips=Count("pk"), people=Sum("population"), older=Sum("population_65_plus")
    )  # fmt: skip
    context = {
        "form": form,
        "result": result,
        "rejected": [problem.sentence() for problem in result.rejected[:SHOWN]] if result else [],
        "years": years,
    }
    return render(request, "sites/population.html", context, status=422 if form.errors else 200)


def _loaded(form: UploadForm) -> Loaded | None:
    file = form.cleaned_data["file"]
    if file.size > MOST_BYTES:
        form.add_error("file", f"{file.name} has more than {MOST_BYTES // 1_000_000} MB; load it in parts, a few years each.")
        return None
    return read_upload(form, lambda path: load_population(path, file.name))
