"""One sign-in per role, with a password of this installation's own, the same after every start."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from infusion_strategy.actions.roles import ROLES


@dataclass(frozen=True)
class SignIn:
    username: str
    role: str
    password: str


def create_sign_ins(keys: Path) -> list[SignIn]:
    """Create the users that are missing; users that exist are left as they are."""
    password = _kept_password(keys / "demo_password")
    users = get_user_model().objects
    sign_ins = [SignIn(role.split()[0], role, password) for role in ROLES]
    missing = [sign_in for sign_in in sign_ins if not users.filter(username=sign_in.username).exists()]
    hashed = make_password(password) if missing else ""  # once: it is slow by design, and all have the same password
    for sign_in in missing:
        user = users.create(
            username=sign_in.username, password=hashed, first_name="Demo", last_name=sign_in.role,
            is_staff=sign_in.role == "administrator",
        )  # fmt: skip
        user.groups.add(Group.objects.get(name=sign_in.role))
    return sign_ins


def _kept_password(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(f"demo-{secrets.token_hex(4)}")
    return path.read_text()
