"""Two plain pages, so that a person can look at an incident."""

from collections.abc import Iterable, Mapping
from html import escape

from aws_sandbox.servicenow.incidents import CHOICES, JOURNALS, Incidents

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;text-align:left;"
    "border-bottom:1px solid #ddd;vertical-align:top}th{white-space:nowrap}"
    "pre{margin:0;white-space:pre-wrap;font:inherit}"
)
_COLUMNS = ("number", "state", "priority", "short_description", "correlation_id", "opened_at")


def incident_list(incidents: Incidents) -> str:
    """All incidents, newest first."""
    records = list(reversed(incidents.all()))
    head = "".join(f"<th>{_label(name)}</th>" for name in _COLUMNS)
    rows = "".join(f"<tr>{''.join(_cells(record))}</tr>" for record in records)
    note = "" if records else "<p>There is no incident yet.</p>"
    return _page(f"Incidents ({len(records)})", f"<table><tr>{head}</tr>{rows}</table>{note}")


def incident(incidents: Incidents, record_id: str) -> str:
    """One incident with everything that is known of it."""
    record = incidents.get(record_id)
    shown = {
        **{name: _shown(record, name) for name in sorted(record) if record[name]},
        **{name: incidents.journal(record_id, name) for name in JOURNALS},
    }
    rows = "".join(
        f"<tr><th>{_label(name)}</th><td><pre>{escape(value)}</pre></td></tr>"
        for name, value in shown.items()
        if value
    )
    return _page(record["number"], f'<p><a href="/">all incidents</a></p><table>{rows}</table>')


def _cells(record: Mapping[str, str]) -> Iterable[str]:
    for name in _COLUMNS:
        text = escape(_shown(record, name))
        address = f"/nav_to.do?uri=incident.do?sys_id={record['sys_id']}"
        yield f'<td><a href="{address}">{text}</a></td>' if name == "number" else f"<td>{text}</td>"


def _shown(record: Mapping[str, str], name: str) -> str:
    return CHOICES.get(name, {}).get(record[name], record[name])


def _label(name: str) -> str:
    return escape(name.replace("_", " ").capitalize())


def _page(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{content}</html>"
    )
