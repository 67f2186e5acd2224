"""Browser files: tokens that hold in light and dark, readable colors, plotly.js out of its wheel, nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from infusion_strategy.finders import PLOTLY, maplibre_style_id

ROOT = Path(settings.BASE_DIR)
TOKENS = (ROOT / "static" / "tokens.css").read_text()


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"(--[\w-]+):\s*([^;]+);", block))


def blocks() -> tuple[dict, dict, dict]:
    """Light, dark by choice, dark by the machine's preference."""
    chosen = TOKENS.index(':root[data-theme="dark"]')
    preferred = TOKENS.index("@media (prefers-color-scheme: dark)")
    return tokens(TOKENS[:chosen]), tokens(TOKENS[chosen:preferred]), tokens(TOKENS[preferred:])


def test_dark_is_the_same_whether_chosen_or_preferred_and_has_every_token():
    light, chosen, preferred = blocks()
    assert chosen == preferred and set(light) == set(chosen)


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_can_be_told_from_their_ground(theme):
    colors = blocks()[theme]
    grounds = ("--bg", "--surface", "--surface-2")
    for text in ("--ink", "--ink-2", "--accent"):
        for ground in grounds:
            assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
    for kind in ("good", "warn", "bad"):
        assert contrast(colors[f"--{kind}"], colors[f"--{kind}-soft"]) >= 4.5, kind
    assert contrast(colors["--on-accent"], colors["--accent"]) >= 4.5
    for mark in ("--c-kept", "--c-margin", "--c-partner", "--c-leak", "--c-unknown", "--line-strong", "--focus"):
        assert contrast(colors[mark], colors["--surface"]) >= 3, mark


def test_every_token_that_is_used_is_there():
    light = blocks()[0]
    sources = [
        *ROOT.glob("static/**/*.css"),
        *ROOT.glob("static/*.js"),
        *ROOT.glob("*/charts/*.py"),
        *ROOT.glob("templates/**/*.html"),
    ]
    used = {token for path in sources for token in re.findall(r"var\((--[\w-]+)\)", path.read_text())}
    assert used and used <= set(light)


def test_plotly_comes_out_of_its_wheel_and_is_the_only_file_that_does():
    found = finders.find(PLOTLY)
    assert Path(found).stat().st_size > 1_000_000 and not (ROOT / "static" / PLOTLY).exists()
    assert finders.find("vendor/package.json") is None
    assert re.fullmatch("[0-9a-f]{64}", maplibre_style_id())


def test_the_cloud_button_of_plotly_is_switched_off():
    """It is on by default in plotly.js 4 and sends the figure to a public server."""
    assert "showSendToCloud: false" in (ROOT / "static" / "app.js").read_text()


def test_no_page_names_another_server():
    for path in [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/**/*.css"), *ROOT.glob("static/*.js")]:
        assert not re.search(r"""(src|href|url|@import)[=("'\s]+https?://""", path.read_text()), path
