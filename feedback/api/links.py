"""`/verdict/{token}`: what a link in a message leads to. Looking changes nothing; saying so does, once.

No key is asked for: the token is one. It is a page and not an answer for programs, since a person follows it; and it
asks first, since mail filters follow links too.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from feedback.api.audited import tell
from feedback.api.principal import few_of_an_address
from feedback.api.service import Given, Service
from feedback.domain import Author
from feedback.errors import FeedbackError
from feedback.language import ENGLISH, Language
from feedback.links import NO_ALERT, NOT_IN_CHARGE, PATH, Link, LinkError, fingerprint, read
from feedback.phrases import clean, owner_name, verdict_words
from feedback.settings import hash_key
from feedback.store.alerts import alert_row
from feedback.store.links import refuse_used
from feedback.store.notices import notice_of
from feedback.store.owners import known_owners
from feedback.store.standing import may_say
from feedback.topic_names import topic_name
from feedback.web.visit import language_of

if TYPE_CHECKING:
    from jinja2 import Template

router = APIRouter(include_in_schema=False, dependencies=[Depends(few_of_an_address)])

STYLE = (
    "body{margin:0;padding:24px 16px;font:18px/1.5 system-ui,sans-serif;background:#fff;color:#1f2933}"
    "main{max-width:560px;margin:0 auto}h1{font-size:22px;line-height:1.3;overflow-wrap:anywhere}"
    "button{font:inherit;padding:12px 20px;border:0;border-radius:6px;background:#0b4f8a;color:#fff;cursor:pointer}"
    "button:focus-visible{outline:3px solid #f0a020;outline-offset:2px}.note{color:#52606d;font-size:16px}"
    "a{color:#0b4f8a}"
    "@media(prefers-color-scheme:dark){body{background:#14191f;color:#e4e9ee}.note{color:#a3b1bf}"
    "a{color:#8fc1ee}button{background:#8cc1ef;color:#0c1b29}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


@router.get(PATH + "{token}")
def ask(request: Request, service: Given, token: str) -> HTMLResponse:
    """What following the link would say, with a button that says it."""
    try:
        link = _read(service, token)
        with service.database.read() as connection:
            refuse_used(connection, fingerprint(token))
            facts = _facts(service, connection, link)
    except FeedbackError as error:
        return _refused(request, service, error)
    return _page(facts)


@router.post(PATH + "{token}")
def say(request: Request, service: Given, token: str) -> HTMLResponse:
    """Say it."""
    try:
        link = _read(service, token)
        with service.database.read() as connection:
            facts = _facts(service, connection, link)
        by = Author(facts["owner"], "by the link in a message", service.clock())
        service.respond.say(link.alert_id, link.verdict, by, link=fingerprint(token))
        request.state.by_link = by.who
        tell(alert_id=link.alert_id, verdict=link.verdict)
    except FeedbackError as error:
        return _refused(request, service, error)
    return _page({**facts, "done": True})


def _refused(request: Request, service: Service, error: FeedbackError) -> HTMLResponse:
    """Why nothing was said, in the language that the browser asks for: whose link it was may not be known."""
    to = language_of(request, service, None)
    return _page({"refused": error.said(to) if isinstance(error, LinkError) else str(error), "to": to}, 410)


def _read(service: Service, token: str) -> Link:
    return read(token, hash_key(service.settings.data_dir), service.clock())


def _facts(service: Service, connection: Connection, link: Link) -> dict[str, Any]:
    notice = notice_of(connection, link.notice_id)
    try:
        row = alert_row(connection, link.alert_id)
    except NoResultFound:
        row = None
    if notice is None or row is None:
        raise LinkError(NO_ALERT)
    owners = known_owners(connection, service.owned, service.settings.default_owner)
    if link.verdict not in may_say(owners, notice.owner, row):
        raise LinkError(NOT_IN_CHARGE)
    to = Language(notice.content.get("language", ENGLISH.code))
    topic = topic_name(clean(row.topic), to)
    opened_at = row.opened_at.astimezone(service.settings.zone)
    known = {"alert_id": row.id, "verdict": link.verdict, "owner": notice.owner, "to": to}
    return {**known, "topic": topic, "opened": to.dated(opened_at.date())}


def _page(facts: dict[str, Any], status: int = 200) -> HTMLResponse:
    words = {"verdict_words": verdict_words, "owner_name": owner_name}
    shown = {"refused": None, "done": False, "to": ENGLISH, **words, **facts}
    return HTMLResponse(_template().render(**shown, style=STYLE), status, headers=HEADERS)


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("feedback"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("verdict.html.j2")
