"""Tags of the frame around every page."""

from django import template
from django.utils.html import format_html

from infusion_strategy.finders import maplibre_style_id

register = template.Library()


@register.simple_tag(takes_context=True)
def plotly_styles(context):
    """What plotly.js finds in place under a strict policy: its style element with the page's nonce, its map style's id."""
    return format_html(
        '<style nonce="{}" id="plotly.js-style-global"></style><meta id="{}">',
        context["request"].csp_nonce,
        maplibre_style_id(),
    )
