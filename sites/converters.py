"""A number in an address or a form -> an integer that databases have room for; a longer one names nothing (404)."""

from django.urls.converters import IntConverter


class BigIntConverter(IntConverter):
    """Up to 18 digits."""

    regex = "[0-9]{1,18}"


def whole_number(text: str) -> int | None:
    """The same of a form or a query; None where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
