"""The edge of the HTTP API: how an operation is declared, answered and refused.

``@operation`` says in one place who may call, what comes in and what goes out; the door, the strict reading, the
idempotency key, the answer and the OpenAPI document all follow from it. What is inside finds and calls a service:
the same that the page calls, with the same answer.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from redis.exceptions import RedisError
from rest_framework import exceptions, serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from ops_center import clock
from ops_center.kernel.errors import DomainError, Malformed, NotAllowed
from ops_center.web import idempotency, refusals
from ops_center.web.idempotency import Answer
from ops_center.web.keyset import LARGEST_PAGE, PAGE_SIZE, Keyset, Page, Row
from ops_center.web.shapes import LARGEST, Shape, StrictJSONParser

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

P = ParamSpec("P")
V = TypeVar("V", bound=APIView)
AnswerShape = type[serializers.BaseSerializer[Any]]

IDEMPOTENCY_KEY = "Idempotency-Key"


class Call(Request):
    """A request that has passed the door: who asks, when, in which roles, and what was read of body and query."""

    actor: _User
    at: datetime
    roles: frozenset[str]
    facts: dict[str, Any]
    asked: dict[str, Any]

    # The version that the client saw, from ``If-Match`` or from the body; the service refuses a stale one (412).
    seen: int | None


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of one address is: read by the door, by the schema and by the tests of permissions."""

    roles: frozenset[str]  # any of these; empty: everybody who is signed in
    is_public: bool  # no sign-in at all
    is_list: bool


def operation(
    *,
    roles: str = "",
    public: bool = False,
    facts: type[Shape] | None = None,
    asked: type[Shape] | None = None,
    answer: AnswerShape | None = None,
    sight: Callable[..., object] | None = None,
    many: bool = False,
    status: int = 200,
    stored: bool = True,
    versioned: bool = False,
    summary: str = "",
    more_answers: Mapping[Any, Any] | None = None,
) -> Callable[[Callable[Concatenate[V, Call, P], object]], Callable[Concatenate[V, Request, P], HttpResponseBase]]:
    """Declares a method of an ``Api``: its door, the shape of what comes in, the shape of what goes out.

    The method gets a ``Call`` and returns the object that ``answer`` shows, ``None`` for 204, or a ready response.
    ``sight`` finds what the address names or raises 404; a body of a wrong shape is answered only to who sees it.
    ``stored=False``: the answer is never kept for an Idempotency-Key.
    """
    is_list = many or (asked is not None and issubclass(asked, Paged))
    declared = Operation(roles=frozenset(roles.split()), is_public=public, is_list=is_list)

    def declare(
        act: Callable[Concatenate[V, Call, P], object],
    ) -> Callable[Concatenate[V, Request, P], HttpResponseBase]:
        @wraps(act)
        def perform(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            call = cast(Call, request)
            call.asked = _read(asked or Shape, request.query_params)
            try:
                call.facts = _read(facts or Shape, {} if request.method in ("GET", "HEAD") else request.data)
                call.seen = _version(request, call.facts)
            except (exceptions.APIException, Malformed):
                if sight is not None:
                    sight(call, *args, *kwargs.values())
                raise

            def answered() -> HttpResponseBase:
                return _response(act(view, call, *args, **kwargs), shape=answer, many=many, status=status, call=call)

            key = request.headers.get(IDEMPOTENCY_KEY)
            if request.method != "POST" or key is None or public:
                return answered()
            return _replayable(
                idempotency.once(
                    lambda: _kept(answered()),
                    actor_id=call.actor.pk,
                    key=key,
                    request=[request.method, request.path, call.seen, _comparable(request)],
                    at=call.at,
                    is_stored=stored,
                )
            )

        perform.operation = declared  # type: ignore[attr-defined]
        return cast(
            Callable[Concatenate[V, Request, P], HttpResponseBase],
            extend_schema(
                summary=summary or None,
                request=facts,
                parameters=_parameters(act.__name__, asked=asked, versioned=versioned, public=public),
                responses=_responses(
                    act.__name__, answer, many=many, status=status, public=public, more=more_answers or {}
                ),
                auth=cast(list[str], [{}]) if public else None,  # {}: no sign-in
            )(perform),
        )

    return declare


class Door(BasePermission):
    """Lets in whom the operation names; reads person, time and roles once for everything behind it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        declared = operation_of(view, request.method or "")
        if declared is None:
            return True  # no such method here: 405 to everybody
        call = cast(Call, request)
        call.at = clock.now()
        if declared.is_public:
            return True
        if request.user is None:
            return False
        call.actor = cast("_User", request.user)
        call.roles = call.actor.role_codes(clock.local_day(call.at))
        if declared.roles and call.roles.isdisjoint(declared.roles):
            raise NotAllowed(
                "role", _("Your role does not include this. Ask your supervisor if it should be part of your work.")
            )
        return True


class Document(AutoSchema):
    """How an address stands in the OpenAPI document."""

    def get_operation_id(self) -> str:
        """A list is called one, though its view is no list view of the framework."""
        name: str = super().get_operation_id()
        declared = operation_of(self.view, self.method)
        return name.replace("_retrieve", "_list") if declared and declared.is_list else name


class Api(APIView):
    """One address of the API; its methods are declared with ``@operation``."""

    permission_classes = [Door]
    schema = Document()
    parser_classes: ClassVar[list[type[BaseParser]]] = [StrictJSONParser]  # type: ignore[misc]
    http_method_names = ["get", "head", "post", "delete"]


class UploadApi(Api):
    """An address that takes files."""

    parser_classes: ClassVar[list[type[BaseParser]]] = [MultiPartParser]  # type: ignore[misc]


def operation_of(view: APIView | type[APIView], method: str) -> Operation | None:
    """What is declared for a method of a view; HEAD is GET without its body."""
    name = "get" if method.upper() == "HEAD" else method.lower()
    return getattr(getattr(view, name, None), "operation", None)


# -- lists -------------------------------------------------------------------------------------------------------------
class Paged(Shape):
    """Position and size of a page, known to every list."""

    page_size = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, required=False, default=PAGE_SIZE)
    after = serializers.CharField(max_length=400, required=False, help_text="From `next`; opaque.")
    before = serializers.CharField(max_length=400, required=False, help_text="From `previous`; opaque.")


@cache
def paged(row: type[serializers.Serializer[Any]]) -> AnswerShape:
    """The shape of a page of rows: ``{results, next, previous}``."""
    return type(
        f"{row.__name__}Page",
        (serializers.Serializer,),
        {
            "results": row(many=True),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "__doc__": None,
        },
    )


def listed(call: Call, rows: QuerySet[Row, Row], keyset: Keyset) -> dict[str, Any]:
    """One page of a list, at the position that the call names."""
    return turned(call, keyset.page(rows, **position_of(call)))


def position_of(call: Call) -> dict[str, Any]:
    """Size and position that a call names, as a keyset takes them."""
    return {"size": call.asked["page_size"], "after": call.asked.get("after"), "before": call.asked.get("before")}


def turned(call: Call, page: Page[Row]) -> dict[str, Any]:
    """A page with the addresses of those beside it."""
    return {
        "results": page.rows,
        "next": _address(call, after=page.next),
        "previous": _address(call, before=page.previous),
    }


def _address(call: Call, **position: str | None) -> str | None:
    if not any(position.values()):
        return None
    kept = {name: value for name, value in call.query_params.items() if name not in ("after", "before")}
    return call.build_absolute_uri(f"{call.path}?{urlencode(kept | position)}")


# -- reading -----------------------------------------------------------------------------------------------------------
def _read(shape: type[Shape], data: object) -> dict[str, Any]:
    given = shape(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _version(request: Request, facts: dict[str, Any]) -> int | None:
    from_body: int | None = facts.pop("version", None)
    wanted = request.headers.get("If-Match", "").strip()
    if wanted in ("", "*"):
        return from_body
    digits = wanted.removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 10 or int(digits) > LARGEST:
        raise Malformed("bad_version", _("If-Match carries the version of the object as you read it, in quotes."))
    return int(digits)


def _comparable(request: Request) -> object:
    return dict(request.data.lists()) if isinstance(request.data, QueryDict) else request.data


# -- answering ---------------------------------------------------------------------------------------------------------
def _response(result: object, *, shape: AnswerShape | None, many: bool, status: int, call: Call) -> HttpResponseBase:
    if isinstance(result, HttpResponseBase):
        return result
    if result is None:
        return Response(status=HTTPStatus.NO_CONTENT)
    shown = shape(result, many=many, context={"call": call}).data if shape else result
    response = Response(shown, status=status)
    version = getattr(result, "version", None)
    if isinstance(version, int):
        response["ETag"] = f'"{version}"'
    return response


def _kept(response: HttpResponseBase) -> Answer:
    assert isinstance(response, Response), "an operation with a stored answer gives data"
    text = "" if response.data is None else JSONRenderer().render(response.data).decode()
    return Answer(status=response.status_code, text=text, etag=response.get("ETag", ""))


def _replayable(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.text, status=answer.status, content_type="application/json")
    if answer.etag:
        response["ETag"] = answer.etag
    if answer.is_replayed:
        response["Idempotency-Replayed"] = "true"
    return response


# -- refusing ----------------------------------------------------------------------------------------------------------
def problem(error: Exception, context: Mapping[str, Any]) -> HttpResponseBase | None:
    """Every no as problem+json. What is not a no is a bug and goes on to be answered as one (500)."""
    if isinstance(error, DomainError) and error.status != HTTPStatus.NOT_FOUND:
        errors = error.errors if isinstance(error, Malformed) else {}
        return _problem(
            error.status,
            error.code,
            error.message,
            errors={name: list(map(str, lines)) for name, lines in errors.items()},
        )
    if isinstance(error, DomainError | Http404 | exceptions.NotFound):
        # Absent and out of sight: the same words to the letter, and those of an address that does not exist.
        return refusals.not_found(context["request"]._request, error)
    if isinstance(error, exceptions.ValidationError):
        return _problem(400, "malformed", _MALFORMED, errors=dict(_flat(error.detail)))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _problem(507, "no_space", _("The system has no room left and has kept nothing. Tell the administrator."))
    if _is_busy(error):
        return _problem(503, "busy", _BUSY, headers={"Retry-After": "2"})
    for kind, answer in _NOES:
        if isinstance(error, kind):
            number, code, sentence = answer
            headers = {"WWW-Authenticate": error.auth_header} if hasattr(error, "auth_header") else {}
            if getattr(error, "wait", None):
                headers["Retry-After"] = str(int(error.wait) + 1)  # type: ignore[attr-defined]
            return _problem(number, code, sentence or getattr(error, "detail", ""), headers=headers)
    return None


_MALFORMED = _("The request has another shape than this address expects; “errors” names what and where.")
_BUSY = _("The system is busy and has done nothing. Send the same request again in a moment.")
_NOES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], tuple[int, str, Any]], ...] = (
    (exceptions.ParseError, (400, "unreadable", _("The body cannot be read as JSON."))),
    (RequestDataTooBig, (413, "too_large", _("The request is larger than this address accepts."))),
    (SuspiciousOperation, (400, "malformed", _("The request has a shape that no client of this interface sends."))),
    (exceptions.NotAuthenticated, (401, "not_signed_in", _("You are not signed in. Sign in and send this again."))),
    (exceptions.AuthenticationFailed, (401, "not_signed_in", "")),  # says itself what is wrong
    ((exceptions.PermissionDenied, PermissionDenied), (403, "role", _("Your role does not include this."))),
    (exceptions.MethodNotAllowed, (405, "method", _("This address does not know that method."))),
    (exceptions.NotAcceptable, (406, "not_acceptable", _("This address answers in JSON only."))),
    (exceptions.UnsupportedMediaType, (415, "media_type", _("This address takes another media type."))),
    (exceptions.Throttled, (429, "too_many", _("Too many requests of this kind. Wait a moment before the next one."))),
)  # fmt: skip
# PostgreSQL: a lock or a statement took too long, a deadlock or another writer ended it, or no connection is left.
_BUSY_STATES = frozenset({"55P03", "57014", "40P01", "40001", "53300", "57P01", "57P03"})


def _is_busy(error: Exception) -> bool:
    if isinstance(error, InterfaceError | RedisError):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "pgcode", None)
    return state is None or state in _BUSY_STATES  # without a state the connection itself failed


def _problem(
    number: int,
    code: str,
    sentence: Any,
    *,
    errors: dict[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    response = refusals.problem(status=number, code=code, sentence=str(sentence), errors=errors)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def _flat(detail: Any, path: str = "") -> Any:
    """DRF's nested details as ``("items.0.code", [sentences])``; what concerns the whole body stands under ``body``."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            whole = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _flat(inner, path if whole else f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        for place, inner in enumerate(detail):
            if inner:
                yield from _flat(inner, f"{path}.{place}" if path else str(place))
    else:
        yield path or "body", [str(line) for line in (detail if isinstance(detail, list) else [detail])]


# -- the document ------------------------------------------------------------------------------------------------------
class Problem(serializers.Serializer[Any]):
    """RFC 9457. `detail` is a sentence for the person: the rule and the way out. `code` is for programs."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # a name of RFC 9457 here, of the base class there
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


def _responses(
    method: str, answer: AnswerShape | None, *, many: bool, status: int, public: bool, more: Mapping[Any, Any]
) -> dict[Any, Any]:
    done: dict[Any, Any] = {204: None} if method == "delete" else {} if more else {status: OpenApiTypes.OBJECT}
    if answer is not None:
        done = {status: answer(many=True) if many else answer}
    noes = [400, 404, 429, 503] if public else [400, 401, 403, 404, 503]
    if method != "get" and not public:
        noes += [409, 412, 422]
    return {**done, **more, **{(number, "application/problem+json"): Problem for number in noes}}


def _parameters(
    method: str, *, asked: type[Shape] | None, versioned: bool, public: bool
) -> list[OpenApiParameter | type[serializers.Serializer[Any]]]:
    parameters: list[OpenApiParameter | type[serializers.Serializer[Any]]] = [asked] if asked else []
    if method == "post" and not public:
        parameters.append(
            OpenApiParameter(
                IDEMPOTENCY_KEY, str, OpenApiParameter.HEADER,
                description="The same key and body give the stored answer; the effect happens once.",
            )
        )  # fmt: skip
    if versioned:
        parameters.append(
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="The version as you read it; 412 when it is stale.",
            )
        )
    return parameters
