"""Who may do what. Everything is denied by default; a role is a Django group with these rights."""

from django.contrib.auth.models import Group, Permission

ROLES = {
    "leader": ["demand.view_dashboard", "roi.view_scenarios"],
    "council member": [
        "demand.view_dashboard",
        "demand.view_extracts",
        "roi.view_scenarios",
        "roi.edit_scenarios",
        "care_sites.decide",
        "care_sites.prepare_choices",
    ],
    "managed care": [  # whom a policy touches are people, so whoever keeps policies sees them
        "demand.view_dashboard",
        "demand.view_patient_level",
        "roi.view_scenarios",
        "payers.edit_policies",
        "payers.change_rate",
    ],
    "analyst": [
        "demand.view_dashboard",
        "demand.view_extracts",
        "demand.load_extract",
        "demand.view_patient_level",
        "payers.edit_policies",
        "care_sites.edit_sites",
        "roi.view_scenarios",
        "roi.edit_scenarios",
        "care_sites.prepare_choices",
        "demand.draft_line",
    ],
    "clinical lead": [  # who must stay in the hospital is theirs to sign, so they see the people on either side of the line
        "demand.view_dashboard",
        "demand.view_patient_level",
        "roi.view_scenarios",
        "demand.draft_line",
        "demand.sign_line",
    ],
    "administrator": [
        "demand.view_dashboard",
        "demand.view_extracts",
        "demand.load_extract",
        "payers.edit_policies",
        "care_sites.edit_sites",
        "roi.view_scenarios",
        "care_sites.prepare_choices",
        "auditlog.view_logentry",
    ],
}
# What an administrator keeps in the admin site: people and registers. Claims, runs and results are not edited by hand.
ADMINISTERED = {
    "auth": ["user", "group"],
    "care_sites": ["site", "sitenpi", "prescriber", "providertaxonomy"],
    "payers": ["payer", "policy", "rate", "siteperiod340b", "statelaw"],
}


def ensure_roles() -> None:
    """Create the roles and give each exactly its rights; run after every migration."""
    rights = {f"{right.content_type.app_label}.{right.codename}": right for right in _permissions()}
    for name, wanted in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        names = list(wanted)
        if name == "administrator":
            names += [
                f"{app}.{verb}_{model}"
                for app, models in ADMINISTERED.items()
                for model in models
                for verb in ("view", "add", "change", "delete")
            ]
        group.permissions.set([rights[right] for right in names if right in rights])


def _permissions():
    return Permission.objects.select_related("content_type")
