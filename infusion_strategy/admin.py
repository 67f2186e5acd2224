"""Who may do what is changed in the admin site, and every such change is in the audit log (never a password)."""

from auditlog.registry import auditlog
from django.contrib.auth.models import Group, User

auditlog.register(User, exclude_fields=["password", "last_login"], m2m_fields={"groups", "user_permissions"})
auditlog.register(Group, m2m_fields={"permissions"})
