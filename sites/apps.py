from django.apps import AppConfig
from django.urls import register_converter

from sites.converters import BigIntConverter


class SitesConfig(AppConfig):
    name = "sites"
    label = "care_sites"  # django.contrib.sites owns the label "sites"
    verbose_name = "Sites of care"

    def ready(self):
        register_converter(BigIntConverter, "bigint")  # before any app's urls are read
