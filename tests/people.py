"""People for tests that talk to a server from outside, where no fixture reaches the database."""

from __future__ import annotations

from tests.server import Weiyu

ADMINISTRATOR = "admin@email.com"
AGENT = "carol@example.com"
CUSTOMER = "alice@example.com"
PASSWORD = "correct horse battery staple"
PEOPLE = {ADMINISTRATOR: "administrator", AGENT: "agent", CUSTOMER: "customer"}


def settle(weiyu: Weiyu) -> Weiyu:
    """Put the cast into a server's database, once."""
    weiyu.manage(
        "shell",
        "--no-imports",
        "-c",
        f"""
from accounts.models import User
for username, role in {PEOPLE!r}.items():
    if not User.objects.filter(username=username).exists():
        User.objects.create_user(username, {PASSWORD!r}, role=role)
""",
    )
    return weiyu
