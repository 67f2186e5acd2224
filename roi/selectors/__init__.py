from roi.selectors.scenarios import scenario_rows

__all__ = ["scenario_rows"]
