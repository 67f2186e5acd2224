"""A counter -> National Provider Identifiers with a right check digit; grain: one ten-digit text a provider.

They begin with 2: allowed by the standard and passed by every check, but CMS has issued none of that range, so none of them is
somebody's. The check digit is Luhn's over '80840' and the first nine digits.
"""

from __future__ import annotations


def check_digit(nine_digits: str) -> str:
    total = 0
    for position, digit in enumerate(reversed("80840" + nine_digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def npi(counter: int) -> str:
    """The NPI of the provider with this number (0 to 99,999,999)."""
    nine = f"2{counter:08d}"
    return nine + check_digit(nine)
