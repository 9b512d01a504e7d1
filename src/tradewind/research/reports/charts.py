"""Charts as SVG, by name: they need no script, follow the page's colours, print, and read on any screen.

Each takes its title first (read aloud in place of the picture), then its values, and gives markup for a
`study.Picture`. Missing values are NaN: they are left out or hatched, never drawn as zero.
"""

from __future__ import annotations

from tradewind.research.reports.bar_charts import bars, histogram
from tradewind.research.reports.heat_maps import heatmap
from tradewind.research.reports.line_charts import areas, bands, lines
from tradewind.research.reports.plot import plain
from tradewind.research.reports.point_charts import parallel, scatter

__all__ = ["areas", "bands", "bars", "heatmap", "histogram", "lines", "parallel", "plain", "scatter"]
