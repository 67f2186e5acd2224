from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "sites"
    label = "care_sites"  # django.contrib.sites owns the label "sites"
    verbose_name = "Sites of care"
