"""Problems as pages: whoever is not signed in is asked to, the others read what was wrong."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from feedback.api.problems import ProblemError, problem_response
from feedback.language import N_
from feedback.web.visit import visit_of

WORDS = {
    401: N_("Sign in first."),
    403: N_("Your role does not allow this."),
    404: N_("There is nothing here, or nothing that you may see."),
    409: N_("This cannot be done as things stand."),
    413: N_("This is more than is taken at once."),
    422: N_("Something in this request cannot be read."),
    429: N_("Too many requests. Wait a little, then try again."),
    503: N_("The service cannot answer at the moment. Try again in a few seconds."),
}


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
    words = visit.to.gettext(WORDS.get(error.status, HTTPStatus(error.status).phrase))
    answer = visit.page("refusal.html.j2", error.status, words=words, detail=error.detail)
    answer.headers.update({name: value for name, value in error.headers.items() if name == "Retry-After"})
    return answer


def _to_sign_in(request: Request) -> Response:
    if "hx-request" in request.headers:  # a part of a page: htmx leaves the whole page for the one named
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse("/sign-in", 303)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/sign-in?next={quote(request.url.path + query, safe='')}", 303)
