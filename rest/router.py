"""One router makes every family the same (see docs/openapi.yaml for the result)."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver
from rest_framework.routers import DynamicRoute, Route, SimpleRouter

from rest.viewsets import ApiViewSet


class FamilyRouter(SimpleRouter):
    """Route `F/list`, `F/create`, `F/{id}`, `F/{id}/VERB`, `F/NAME` and the REST form `F`."""

    routes = [
        Route(
            url=r"^{prefix}/list{trailing_slash}$",
            mapping={"get": "list"},
            name="{basename}-list",
            detail=False,
            initkwargs={},
        ),
        Route(
            url=r"^{prefix}/create{trailing_slash}$",
            mapping={"post": "create"},
            name="{basename}-create",
            detail=False,
            initkwargs={},
        ),
        Route(
            url=r"^{prefix}{trailing_slash}$",
            mapping={"get": "list", "post": "create"},
            name="{basename}-rest",
            detail=False,
            initkwargs={"is_rest_form": True},
        ),
        DynamicRoute(
            url=r"^{prefix}/{url_path}{trailing_slash}$",
            name="{basename}-{url_name}",
            detail=False,
            initkwargs={},
        ),
        Route(
            url=r"^{prefix}/{lookup}{trailing_slash}$",
            mapping={
                "get": "retrieve",
                "put": "update",
                "patch": "partial_update",
                "delete": "destroy",
            },
            name="{basename}-detail",
            detail=True,
            initkwargs={},
        ),
        DynamicRoute(
            url=r"^{prefix}/{lookup}/{url_path}{trailing_slash}$",
            name="{basename}-{url_name}",
            detail=True,
            initkwargs={},
        ),
    ]

    # The one object of the caller's own, without an id.
    single = Route(
        url=r"^{prefix}{trailing_slash}$",
        mapping={"get": "retrieve", "put": "update", "patch": "partial_update"},
        name="{basename}",
        detail=True,
        initkwargs={},
    )

    # One call that makes something which cannot be read again.
    call_only = Route(
        url=r"^{prefix}{trailing_slash}$",
        mapping={"post": "create"},
        name="{basename}",
        detail=False,
        initkwargs={},
    )

    def __init__(self) -> None:
        super().__init__()
        # Optional, and never a redirect: that would lose the body of a POST.
        self.trailing_slash = "/?"
        self._default_value_pattern = "[^/]+"
        self._alone: dict[str, Route] = {}

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
        basename = path.replace("/", "-")
        self._alone[basename] = route
        self.register(path, viewset, basename=basename)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the addresses in the order in which they were named."""
        found: list[URLPattern | URLResolver] = []
        for entry in self.registry:
            alone = self._alone.get(entry[2])
            found += self._urls_of([entry], [alone] if alone else self.routes)
        return found

    def _urls_of(
        self, entries: list[Any], routes: list[Route | DynamicRoute]
    ) -> list[URLPattern | URLResolver]:
        router: Any = SimpleRouter()
        router.trailing_slash = self.trailing_slash
        router._default_value_pattern = self._default_value_pattern
        router.routes = routes
        router.registry = entries
        return list(router.get_urls())
