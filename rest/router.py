"""The addresses of every family. What it answers there stands in rest/viewsets.py."""

from __future__ import annotations

from typing import Any

from rest_framework.routers import DynamicRoute, Route, SimpleRouter

from rest.viewsets import ApiViewSet


def _route(
    path: str, name: str, *, detail: bool, is_rest_form: bool = False, **actions: str
) -> Route:
    """Return the route of `path`, which calls `actions` by method."""
    return Route(
        url=f"^{path}{{trailing_slash}}$",
        mapping=actions,
        name=f"{{basename}}{name}",
        detail=detail,
        initkwargs={"is_rest_form": True} if is_rest_form else {},
    )


def _dynamic_route(path: str, *, detail: bool) -> DynamicRoute:
    """Return the route of what `@action` adds under `path`."""
    return DynamicRoute(
        url=f"^{path}/{{url_path}}{{trailing_slash}}$",
        name="{basename}-{url_name}",
        detail=detail,
        initkwargs={},
    )


class FamilyRouter(SimpleRouter):
    """Route `F/list`, `F/create`, `F/{id}`, `F/{id}/VERB`, `F/NAME` and the REST form `F`."""

    routes = [
        _route("{prefix}/list", "-list", detail=False, get="list"),
        _route("{prefix}/create", "-create", detail=False, post="create"),
        _route("{prefix}", "-rest", detail=False, is_rest_form=True, get="list", post="create"),
        _dynamic_route("{prefix}", detail=False),
        _route(
            "{prefix}/{lookup}",
            "-detail",
            detail=True,
            get="retrieve",
            put="update",
            patch="partial_update",
            delete="destroy",
        ),
        _dynamic_route("{prefix}/{lookup}", detail=True),
    ]
    # The one object of the caller's own, without an id.
    single = _route(
        "{prefix}", "", detail=True, get="retrieve", put="update", patch="partial_update"
    )
    # One call that makes something which cannot be read again.
    call_only = _route("{prefix}", "", detail=False, post="create")

    def __init__(self) -> None:
        super().__init__()
        # Optional, and never a redirect: that would lose the body of a POST.
        self.trailing_slash = "/?"
        self._default_value_pattern = "[^/]+"
        self._alone: dict[type[ApiViewSet[Any]], Route] = {}

    def family(self, name: str, viewset: type[ApiViewSet[Any]]) -> None:
        """Serve `viewset` as the family `name`."""
        self.register(name, viewset, basename=name)

    def one(self, path: str, viewset: type[ApiViewSet[Any]]) -> None:
        """Serve the single object that `viewset` finds without an id."""
        self._stand_alone(path, viewset, self.single)

    def call(self, path: str, viewset: type[ApiViewSet[Any]]) -> None:
        """Serve the one POST of `viewset`."""
        self._stand_alone(path, viewset, self.call_only)

    def _stand_alone(self, path: str, viewset: type[ApiViewSet[Any]], route: Route) -> None:
        self._alone[viewset] = route
        self.register(path, viewset, basename=path.replace("/", "-"))

    def get_routes(self, viewset: Any) -> list[Route]:
        alone = self._alone.get(viewset)
        return [alone] if alone else super().get_routes(viewset)
