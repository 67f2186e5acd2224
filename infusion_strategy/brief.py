"""The strategy brief: the home page."""

from django.contrib.auth.decorators import permission_required
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
@permission_required("demand.view_dashboard", raise_exception=True)
def home(request):
    return render(request, "home.html")
