"""A page inside a notebook: in a frame of its own, so that neither changes the looks of the other."""

from __future__ import annotations

from markupsafe import Markup

from tradewind.research.reports.study import Study, render_study

HEIGHT_PX = 620


def framed(study: Study, height_px: int = HEIGHT_PX) -> str:
    """The page as a frame that holds it whole: nothing is fetched, and its script reaches nothing outside."""
    frame = Markup(
        '<iframe title="{}" sandbox="allow-scripts" loading="lazy" srcdoc="{}" '
        'style="width: 100%; height: {}px; border: 1px solid #8888; border-radius: 8px"></iframe>'
    )
    # As text, so that the page is escaped into the attribute, whole.
    return str(frame.format(study.title, str(render_study(study, framed=True)), height_px))
