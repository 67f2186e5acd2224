"""A version's workbook, for people who go on in a spreadsheet."""

from django.http import Http404, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from roi.selectors import scenarios
from roi.selectors.workbook import workbook as made_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def workbook(request, pk: int, number: int):
    page = scenarios.page(request.user, pk, number)
    if page.result is None or page.stale:
        raise Http404
    name = f"{slugify(page.scenario.name) or 'scenario'}-version-{number}.xlsx"
    return HttpResponse(made_workbook(page), content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})
