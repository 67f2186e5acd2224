"""A decision on a checked change, told on its page."""

from collections.abc import Callable

from django.contrib import messages
from django.shortcuts import redirect

from sites.actions.decisions import Refused
from sites.models import RegisterChange


def decide(request, change: RegisterChange, action: Callable[[RegisterChange], object], said: str, page: str):
    """The action on the change, then its page (a view's name that takes its number) with what was done or why not."""
    try:
        action(change)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect(page, change.pk)
