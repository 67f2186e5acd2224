"""What the register of policies says to those above it, who compute from it."""

from django.dispatch import Signal

policies_changed = Signal()  # once the change is committed; `user` made it, or None
