"""Problems as pages: whoever is not signed in is asked to, the others read what was wrong."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback.api.principal import begun
from feedback.api.problems import ProblemError, problem_response
from feedback.language import N_
from feedback.roles import Principal
from feedback.web.refused import BY_STATUS, refused_words
from feedback.web.visit import visit_of


async def answer(request: Request, problem: ProblemError) -> Response:
    """A page for people, a problem for programs."""
    if not is_for_people(request):
        return problem_response(request.url.path, problem)
    if problem.status == 401:
        return _to_sign_in(request)
    visit = visit_of(request, request.app.state.service, await _who(request, problem))
    words = visit.to.gettext(BY_STATUS.get(problem.status, N_("This did not work.")))
    page = visit.page("refusal.html.j2", problem.status, words=words, detail=refused_words(problem, visit.to))
    page.headers.update(problem.headers)
    return page


def is_for_people(request: Request) -> bool:
    """Whether a person waits for the answer: pages are the routes that the description leaves out. Where no route is
    known, browsers ask for a page first."""
    route = request.scope.get("route")
    if route is None:
        return request.headers.get("accept", "").startswith("text/html")
    return getattr(route, "include_in_schema", True) is False


async def _who(request: Request, problem: ProblemError) -> Principal | None:
    """Who has signed in, also where no route has asked; not while the database may be out of reach."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known or problem.status >= 500:
        return known
    session = await run_in_threadpool(begun, request, request.app.state.service)
    return session.account.principal() if session and session.complete else None


def _to_sign_in(request: Request) -> Response:
    if "hx-request" in request.headers:  # a part of a page: htmx leaves the whole page for the one named
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse("/sign-in", 303)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/sign-in?next={quote(request.url.path + query, safe='')}", 303)
