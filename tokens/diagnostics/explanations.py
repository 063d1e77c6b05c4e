"""What the lines of a token's lists mean, in sentences, while somebody types them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tokens.origins import domains, networks
from tokens.origins.domains import AllowedDomain

MOST_LINES = 60


def explain_domains(text: str) -> list[dict[str, object]]:
    """Return a sentence for each line of domains; `ok` is false where it cannot be saved."""
    return _explain(text, lambda line: [_domain(found) for found in domains.parse_to_save([line])])


def explain_networks(text: str) -> list[dict[str, object]]:
    return _explain(text, lambda line: [_network(networks.parse(line))])


def _explain(text: str, means: Callable[[str], Iterable[str]]) -> list[dict[str, object]]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [_explain_line(line, means) for line in lines[:MOST_LINES]]


def _explain_line(line: str, means: Callable[[str], Iterable[str]]) -> dict[str, object]:
    try:
        return {"entry": line, "ok": True, "text": " ".join(means(line))}
    except ValidationError as error:
        return {"entry": line, "ok": False, "text": " ".join(error.messages)}


def _domain(domain: AllowedDomain) -> str:
    sources = _(" and ").join(domain.csp_sources())
    if not domain.can_frame:
        return _(
            "Calls from pages of %(sources)s. Browsers do not let such a host frame the pages: "
            "they know no rule for an IPv6 address or a name with an underscore."
        ) % {"sources": sources}
    if domain.subdomains:
        return _("Every subdomain: %(sources)s; not %(host)s itself.") % {
            "sources": sources,
            "host": domain.host,
        }
    if "." in domain.host and not domain.host.rpartition(".")[2].isdecimal():
        return _("%(sources)s, not its subdomains.") % {"sources": sources}
    return f"{sources}."


def _network(network: networks.Network) -> str:
    if network.num_addresses == 1:
        return _("The one address %(address)s.") % {"address": network.network_address}
    return _("From %(first)s to %(last)s.") % {"first": network[0], "last": network[-1]}
