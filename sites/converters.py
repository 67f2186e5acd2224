"""A number in an address -> an integer that databases have room for; a longer one names nothing (404)."""

from django.urls.converters import IntConverter


class BigIntConverter(IntConverter):
    """Up to 18 digits."""

    regex = "[0-9]{1,18}"
