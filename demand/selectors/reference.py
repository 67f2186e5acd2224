"""The database's dated tables as the frozen Reference that a run computes from."""

import pandas as pd

import payers.selectors
import sites.selectors
from demand.engine.reference import COLUMNS, Reference
from demand.models import Order, WhiteBagEvent


def reference() -> Reference:
    """All reference frames as they are now."""
    frames = {**sites.selectors.reference_frames(), **payers.selectors.reference_frames()}
    for name, model in (("orders", Order), ("white_bag_events", WhiteBagEvent)):
        columns = list(COLUMNS[name])
        rows = model.objects.order_by("pk").values_list(*columns)
        frames[name] = pd.DataFrame(list(rows), columns=columns, dtype=object)
    frames["white_bag_events"]["site_id"] = frames["white_bag_events"]["site_id"].replace(sites.selectors.merged_ids())
    return Reference.from_frames(frames)
