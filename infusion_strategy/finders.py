"""Third-party browser files come out of installed packages; none is committed."""

import importlib.util
import re
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

PLOTLY = "vendor/plotly.min.js"


@lru_cache(maxsize=1)
def plotly_folder() -> Path:
    """Where the plotly wheel keeps plotly.min.js. The package itself is not imported: that costs a second."""
    spec = importlib.util.find_spec("plotly")
    return Path(spec.submodule_search_locations[0]) / "package_data"


@lru_cache(maxsize=1)
def maplibre_style_id() -> str:
    """The id under which plotly.js would insert its map stylesheet; a page that carries it already gets none inserted."""
    script = (plotly_folder() / "plotly.min.js").read_text(encoding="utf-8")
    found = re.search(r'getElementById\("([0-9a-f]{64})"\)', script)
    return found.group(1) if found else "plotly-has-no-map-style"


class PlotlyFinder(BaseFinder):
    """Serves exactly one file of the plotly wheel, as vendor/plotly.min.js."""

    def list(self, ignore_patterns):
        storage = FileSystemStorage(location=plotly_folder())
        storage.prefix = "vendor"
        yield "plotly.min.js", storage

    def find(self, path, find_all=False, **kwargs):
        if path != PLOTLY:
            return []
        found = str(plotly_folder() / "plotly.min.js")
        return [found] if find_all else found
