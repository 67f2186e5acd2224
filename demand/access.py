"""The doors: who may have which object. Pages, API and downloads all come through here; everything else is denied."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from demand.models import Extract, Feed, LogLoad, Run, Upload
from sites.doors import demand_right, first_found


def access_dashboard(user) -> None:
    demand_right(user, "demand.view_dashboard")


def access_loading(user) -> None:
    demand_right(user, "demand.load_extract")


def sees_small_counts(user) -> bool:
    """The patient-level right lifts the hiding of small counts."""
    return user.has_perm("demand.view_patient_level")


def access_extracts(user):
    """The extracts a person may see, newest first."""
    demand_right(user, "demand.view_extracts")
    return Extract.objects.order_by("-pk")


def access_extract(user, pk: int) -> Extract:
    return first_found(access_extracts(user).filter(pk=pk))


def access_rejects(user, pk: int) -> Extract:
    """Rejected rows carry values of the file, which may tell of a person."""
    extract = access_extract(user, pk)
    demand_right(user, "demand.view_patient_level")
    return extract


def access_mapping(user, pk: int) -> Extract:
    """What columns mean is told from the file's own cells, which may tell of a person."""
    access_loading(user)
    demand_right(user, "demand.view_patient_level")  # before it is looked for: who may not map learns nothing of what there is
    return access_extract(user, pk)


def access_uploads(user):
    """The files that a person sends or has sent: their own alone."""
    demand_right(user, "demand.load_extract")
    return Upload.objects.filter(user=user)


def access_upload(user, pk) -> Upload:
    return first_found(access_uploads(user).filter(pk=pk))


def access_feeds(user):
    """Feeds bring extracts, so whoever sees extracts sees feeds; by name."""
    demand_right(user, "demand.view_extracts")
    return Feed.objects.order_by("name").prefetch_related("tables")


def access_feed(user, pk: int) -> Feed:
    return first_found(access_feeds(user).filter(pk=pk))


def access_runs(user):
    """Runs tell what figures rest on, so whoever sees figures sees runs; newest first."""
    demand_right(user, "demand.view_dashboard")
    runs = Run.objects.order_by("-pk")
    if not user.has_perm("demand.view_extracts"):
        runs = runs.exclude(kind__in=[Run.Kind.LOAD, Run.Kind.FETCH])
    if not user.has_perm("roi.view_scenarios"):
        runs = runs.exclude(kind=Run.Kind.SCENARIO)
    return runs


def access_run(user, pk: int) -> Run:
    return first_found(access_runs(user).select_related("requested_by").filter(pk=pk))


def access_published_run(user, pk: int | None = None) -> Run | None:
    """The newest published recomputation, or the one asked for (404 where there is none of that number)."""
    access_dashboard(user)
    if pk is None:
        return Run.objects.published().first()
    return first_found(Run.objects.published().filter(pk=pk))


def access_single_infusions(user, pk: int | None = None) -> Run | None:
    """A published run (the newest without a number) for those who may see single infusions and claim lines."""
    demand_right(user, "demand.view_patient_level")
    return access_published_run(user, pk)


def access_log_loading(user) -> None:
    """Logs tell of single claims, doses and patients, and so do their rejected rows: who loads them holds both rights."""
    demand_right(user, "demand.load_extract")
    demand_right(user, "demand.view_patient_level")


def access_log_load(user, pk: int, **of) -> LogLoad:
    """A load of a log; a checked file is its sender's own alone."""
    access_log_loading(user)
    load = first_found(LogLoad.objects.filter(pk=pk, **of))
    if load.status == LogLoad.Status.CHECKED and load.created_by_id != user.pk:
        raise Http404
    return load


def may_load_logs(user) -> bool:
    return user.has_perms(["demand.load_extract", "demand.view_patient_level"])


def access_settling(user) -> None:
    """Who settles a contradiction has looked at the records behind it."""
    demand_right(user, "demand.load_extract")
    demand_right(user, "demand.view_patient_level")


def access_policy_steps(user) -> None:
    """Who loads or changes policies dates the steps of our answer."""
    if not may_date_steps(user):
        raise PermissionDenied


def may_date_steps(user) -> bool:
    return user.has_perm("demand.load_extract") or user.has_perm("payers.change_policy")


def access_line_drafting(user) -> None:
    """Who drafts the clinical line or writes drug rules has looked at the people on either side of it."""
    demand_right(user, "demand.draft_line")
    demand_right(user, "demand.view_patient_level")


def access_line_signing(user) -> None:
    demand_right(user, "demand.sign_line")
    demand_right(user, "demand.view_patient_level")


def may_draft_line(user) -> bool:
    return user.has_perms(["demand.draft_line", "demand.view_patient_level"])


def may_sign_line(user) -> bool:
    return user.has_perms(["demand.sign_line", "demand.view_patient_level"])
