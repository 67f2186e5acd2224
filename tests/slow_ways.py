"""Slow, obvious second ways to the headline figures. The pipeline's lives in the product, because `check_numbers` runs it there."""

from demand.engine.slow_ways import Infusion, World, infusions_of

__all__ = ["Infusion", "World", "infusions_of"]
