"""Every address of the site, read from the URL configuration, so that none can be forgotten."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

GROUP = re.compile(r"\(\?P<\w+>([^)]*)\)|<(?:\w+:)?\w+>")
WORDS = re.compile(r"\w+(\|\w+)*")


def patterns(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Yield each pattern as it is written, with what stands before it."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, here)
        else:
            yield here, entry


def examples(pattern: str) -> Iterator[str]:
    """Yield an address for each word that the pattern offers, with 1 where any text may stand."""
    fixed, wanted = GROUP.split(pattern)[::2], GROUP.split(pattern)[1::2]
    choices = [group.split("|") if group and WORDS.fullmatch(group) else ["1"] for group in wanted]
    between = [re.sub(r"/\?\$|[\^$\\]", "", part) for part in fixed]
    for chosen in itertools.product(*choices):
        yield "/" + "".join(map("".join, zip(between, [*chosen, ""], strict=True)))


def addresses() -> list[str]:
    return sorted({address for pattern, _ in patterns() for address in examples(pattern)})


def standing(address: str) -> str:
    """Return an address of the admin with the id of an object that is there, if there is one."""
    named = re.match(r"/admin/(\w+)/(\w+)/1/", address)
    is_model = named and named[1] in apps.app_configs
    row = apps.get_model(*named.groups()).objects.first() if is_model else None
    return address.replace("/1/", f"/{row.pk}/", 1) if row else address
