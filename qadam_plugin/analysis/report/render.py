"""A report as one HTML file that asks nothing of any server: template, style, scripts and data in one."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ... import __version__
from ...ppa.composition import FIGURES
from ..figures.energy import design_words
from . import words
from .collect import Report
from .explorer import OUTLINES, explorer_data, looks

_PACKAGE = "qadam_plugin.analysis.report"


def render_report(report: Report) -> str:
    """The page. Equal reports give equal text.

    Everything that a person wrote, such as names of networks, is escaped. The page's own rule (Content-Security-Policy)
    lets no request leave, and no script run but the two that are written here.
    """
    plotly, script = _plotly(), _text("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            version=__version__,
            data=explorer_data(report),
            looks=looks([width.pe_type for width in report.widths]),
            outlines=OUTLINES,
            figures=FIGURES,
            overview=words.overview(report),
            findings=[words.findings(group) for group in report.groups],
            style=Markup(_text("report.css")),
            plotly=Markup(plotly),
            script=Markup(script),
            hashes=Markup(" ".join(f"'sha256-{_sha256(text)}'" for text in (plotly, script))),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=words.number,
        percent=words.percent,
        ratio=words.ratio,
        plural=words.plural,
        facts=words.facts,
        by_type=words.by_type,
        design=design_words,
        design_cells=words.design_cells,
        design_heads=words.design_heads,
        legend=words.legend,
    )
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": True,
        "separators": (",", ":"),
        "ensure_ascii": False,
        "allow_nan": False,
    }
    return environment


@lru_cache(maxsize=1)
def _plotly() -> str:
    """The drawing library, as plotly brings it."""
    from plotly.offline import get_plotlyjs

    return _inline(get_plotlyjs())


def _text(name: str) -> str:
    return _inline(files(_PACKAGE).joinpath(name).read_text(encoding="utf-8"))


def _inline(text: str) -> str:
    """Text as a browser reads it back from the page: line ends are what the hash is of."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _sha256(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
