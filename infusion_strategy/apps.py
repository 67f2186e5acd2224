from django.apps import AppConfig
from django.db.models.signals import post_migrate


def roles_after_migration(sender, **kwargs):
    from infusion_strategy.actions.roles import ensure_roles

    ensure_roles()


class InfusionStrategyConfig(AppConfig):
    name = "infusion_strategy"
    verbose_name = "Infusion Strategy"

    def ready(self):
        # Sent last for this app, when every app's permissions exist.
        post_migrate.connect(roles_after_migration, sender=self)
