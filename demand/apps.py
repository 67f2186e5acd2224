from django.apps import AppConfig


class DemandConfig(AppConfig):
    name = "demand"
    verbose_name = "Demand"

    def ready(self):
        from demand.tasks import follow_register
        from payers.signals import policies_changed

        policies_changed.connect(follow_register, dispatch_uid="demand.recompute")
