"""The mails that SES sent, as programs and people read them: none leaves the machine."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Any, cast

from moto.backends import get_backend
from werkzeug.wrappers import Response

from aws_sandbox.control import ControlApi
from aws_sandbox.moto_changes.sesv2 import SentMail

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "dt{float:left;clear:left;width:7rem;color:#555}dd{margin-left:7rem}"
    "article{border-top:1px solid #ddd;padding:1rem 0}"
    "pre{white-space:pre-wrap;background:#f6f6f6;padding:.5rem}"
    "iframe{width:100%;height:36rem;border:1px solid #ddd}"
)
_MAY = 'sandbox="allow-popups allow-popups-to-escape-sandbox"'


@dataclass(frozen=True, kw_only=True)
class _Kept:
    account: str
    region: str
    mail: SentMail

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.mail.raw, policy=policy.default)

    def body(self, kind: str) -> str:
        """The part that is `plain` or `html`; "" without one."""
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


def add_mail_controls(control: ControlApi) -> None:
    """Offers `mails`, and `mails.page` for a browser."""
    control.add("mails", lambda _given: [_told(kept) for kept in _mails()], reads_only=True)
    control.add("mails.page", lambda _given: _page(), reads_only=True)


def _mails() -> Iterator[_Kept]:
    """Of every account and Region, in the order in which they were sent in each."""
    for account, regions in list(get_backend("ses").items()):
        for region, backend in list(regions.items()):
            for mail in list(backend.sent_messages):
                if isinstance(mail, SentMail):
                    yield _Kept(account=account, region=region, mail=mail)


def _told(kept: _Kept) -> Mapping[str, Any]:
    mail, message = kept.mail, kept.message
    return {
        "id": mail.id,
        "account": kept.account,
        "region": kept.region,
        "time": mail.time.isoformat(),
        "configuration_set": mail.configuration_set,
        "sender": mail.source,
        "recipients": list(mail.destinations),
        "subject": str(message["Subject"] or ""),
        "text": kept.body("plain"),
        "html": kept.body("html"),
        "attachments": [
            {
                "name": part.get_filename(""),
                "type": part.get_content_type(),
                "content": _encoded(part),
            }
            for part in message.iter_attachments()
        ],
        "raw": mail.raw.decode("ascii", "replace"),
    }


def _encoded(part: EmailMessage) -> str:
    """An attachment's bytes, in base64."""
    return base64.b64encode(cast("bytes", part.get_payload(decode=True))).decode()


def _page() -> Response:
    """All mails, newest first. Their HTML is shown in a frame that may open links, and no more."""
    mails = sorted(_mails(), key=lambda kept: kept.mail.time, reverse=True)
    title = f"Mails ({len(mails)})"
    note = "" if mails else "<p>There is no mail yet.</p>"
    content = "".join(_article(kept) for kept in mails)
    return Response(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>{note}{content}</html>",
        content_type="text/html;charset=UTF-8",
    )


def _article(kept: _Kept) -> str:
    mail, message = kept.mail, kept.message
    shown = {
        "From": mail.source,
        "To": ", ".join(mail.destinations),
        "Sent": f"{mail.time:%Y-%m-%d %H:%M:%S} UTC from {kept.account} in {kept.region}",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in shown.items())
    links = ", ".join(_link(part) for part in message.iter_attachments())
    rows += f"<dt>Attached</dt><dd>{links}</dd>" if links else ""
    text, html = kept.body("plain"), kept.body("html")
    subject = escape(str(message["Subject"] or "(no subject)"))
    shown_html = escape(f'<base target="_blank">{html}')
    frame = f'<iframe {_MAY} title="{subject}" srcdoc="{shown_html}"></iframe>' if html else ""
    plain = f"<pre>{escape(text)}</pre>" if text else ""
    return f"<article><h2>{subject}</h2><dl>{rows}</dl>{frame}{plain}</article>"


def _link(part: EmailMessage) -> str:
    name = escape(part.get_filename("attachment"))
    data = f"data:{part.get_content_type()};base64,{_encoded(part)}"
    return f'<a download="{name}" href="{data}">{name}</a>'
