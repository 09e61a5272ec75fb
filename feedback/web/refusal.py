"""Problems as pages: whoever is not signed in is asked to, the others read what was wrong."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback.api.problems import ProblemError, problem_response
from feedback.language import N_
from feedback.web.refused import BY_STATUS, refused_words
from feedback.web.visit import visit_of


def answer_with_pages(app: FastAPI) -> None:
    """Make a problem that a page ends in a page."""
    app.add_exception_handler(ProblemError, _answer)


def is_page(request: Request) -> bool:
    """Whether a person waits for the answer: pages are the routes that the description leaves out."""
    return getattr(request.scope.get("route"), "include_in_schema", True) is False


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    if not is_page(request):
        return problem_response(request.url.path, error)
    if error.status == 401:
        return _to_sign_in(request)
    visit = visit_of(request, request.app.state.service, getattr(request.state, "principal", None))
    words = visit.to.gettext(BY_STATUS.get(error.status, N_("This did not work.")))
    answer = visit.page("refusal.html.j2", error.status, words=words, detail=refused_words(error, visit.to))
    answer.headers.update({name: value for name, value in error.headers.items() if name == "Retry-After"})
    return answer


def _to_sign_in(request: Request) -> Response:
    if "hx-request" in request.headers:  # a part of a page: htmx leaves the whole page for the one named
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse("/sign-in", 303)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/sign-in?next={quote(request.url.path + query, safe='')}", 303)
