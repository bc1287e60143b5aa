"""The templates beside this file, with autoescape wherever they make HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from reports.digest import wording

_FILTERS = (
    wording.count,
    wording.counted,
    wording.day,
    wording.duration,
    wording.local_day,
    wording.moment,
    wording.one_line,
    wording.percent,
    wording.size,
    wording.words,
)


HERE = Path(__file__).parent


def render(template: str, **values: Any) -> str:
    return render_of(HERE, template, **values)


def render_of(folder: Path, template: str, **values: Any) -> str:
    """A template of another folder, which may include those of this one."""
    return _environment(folder).get_template(template).render(**values)


def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, HERE]),
        autoescape=jinja2.select_autoescape(["html.j2"], ["txt.j2"], default=True),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {function.__name__: function for function in _FILTERS}
    environment.filters.update(filters)
    return environment
