"""Feeds: claims fetched from the databases where they live. The list, the form, the history, refreshing, deleting."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand import connections, tasks
from demand.access import access_feed, access_feeds, access_loading, sees_small_counts
from demand.actions import feeds
from demand.actions.extracts import Refused
from demand.engine.columns import KINDS
from demand.engine.warehouse import Layout, TableChoice, list_tables, read_layout
from demand.engine.warehouse_trouble import Trouble
from demand.feed_forms import FeedForm, initial_of, table_value
from demand.models import Feed, Run
from demand.selectors.feeds import feed_state, feed_states


@require_safe
def index(request):
    states = feed_states(access_feeds(request.user), sees_small_counts(request.user))
    context = {"states": states, "connections": connections.names(), "busy": any(state.under_way for state in states)}
    fragment = request.htmx and not request.htmx.history_restore_request
    return render(request, "feeds/list.html" if fragment else "feeds/index.html", context)


@require_safe
def connection_states(request):
    """Whether each database answers: asked for after the page is there, since one that does not answer takes its time."""
    access_feeds(request.user)
    found = [(name, connections.answers(name)) for name in connections.names()]
    return render(request, "feeds/connections.html", {"found": found})


@require_safe
def detail(request, pk: int):
    feed = access_feed(request.user, pk)
    state = feed_state(feed, sees_small_counts(request.user))
    fragment = request.htmx and not request.htmx.history_restore_request
    return render(request, "feeds/state.html" if fragment else "feeds/detail.html", {"state": state, "feed": feed})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request):
    access_loading(request.user)
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, pk: int):
    access_loading(request.user)
    return _edit(request, access_feed(request.user, pk))


def _edit(request, feed: Feed | None):
    given = request.POST if request.method == "POST" else None
    known = connections.names()
    name = (given or request.GET).get("connection") or (feed.connection if feed else known[0] if len(known) == 1 else "")
    context = {"feed": feed, "connection": name, "connections": known}
    if name not in known:  # none is set, one is to be chosen, or the feed's is set no more
        return render(request, "feeds/form.html", context)
    values = given or (initial_of(feed) if feed else {})
    try:
        tables, layouts, gone = _catalogue(name, values)
    except Trouble as trouble:
        return render(request, "feeds/form.html", context | {"trouble": trouble.sentence})
    form = FeedForm(given, tables=tables, layouts=layouts, feed=feed, initial=values if given is None else None)
    if given is not None and form.is_valid():
        saved = feeds.save_feed(feed, {**form.feed_values(), "connection": name}, form.feed_tables(), request.user)
        messages.success(request, f"“{saved.name}” was saved." + ("" if feed else " Refresh it now to fetch its claims."))
        return redirect("demand:feed", saved.pk)
    return render(request, "feeds/form.html", context | {"form": form, "gone": gone}, status=422 if form.errors else 200)


@require_safe
def table_fields(request):
    """One kind's fields for the table that was chosen."""
    access_loading(request.user)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else "medical"
    try:
        tables, layouts, _ = _catalogue(request.GET.get("connection", ""), {f"{kind}_table": request.GET.get(f"{kind}_table", "")})
    except Trouble as trouble:
        return render(request, "feeds/trouble.html", {"trouble": trouble.sentence, "kind": kind})
    values = {f"{kind}_table": request.GET.get(f"{kind}_table", "")}
    form = FeedForm(tables=tables, layouts=layouts, initial=values)
    return render(request, "feeds/kind.html", {"section": form.section(kind), "connection": request.GET.get("connection", "")})


def _catalogue(connection_name: str, values) -> tuple[list[tuple[str, str]], dict[str, Layout], list[str]]:
    """Tables of the database, the columns of those that the values name, and named tables that are not there."""
    layouts, gone = {}, []
    with connections.opened(connection_name) as connection:
        tables = list_tables(connection)
        by_value = {table_value(schema, table): (schema, table) for schema, table in tables}
        for kind in KINDS:
            named = values.get(f"{kind}_table") or ""
            if named in by_value:
                layouts[kind] = read_layout(connection, TableChoice(kind, *by_value[named]))
            elif named:
                gone.append(named)
    return tables, layouts, gone


@require_POST
def refresh(request, pk: int):
    access_loading(request.user)
    feed = access_feed(request.user, pk)
    run = feeds.request_refresh(feed, request.user)
    if run.status == Run.Status.QUEUED:
        tasks.enqueue(run)
    return redirect("demand:feed", feed.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request, pk: int):
    """Ask first. The extracts that the feed brought stay."""
    access_loading(request.user)
    feed = access_feed(request.user, pk)
    if request.method != "POST":
        return render(request, "feeds/delete.html", {"feed": feed})
    try:
        feeds.delete_feed(feed, request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("demand:feed", pk)
    messages.success(request, f"“{feed.name}” was deleted. The extracts that it brought are still there.")
    return redirect("demand:feeds")
