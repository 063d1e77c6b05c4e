"""People for tests that talk to a server from outside, where no fixture reaches the database."""

from __future__ import annotations

ADMINISTRATOR = "admin@email.com"
AGENT = "carol@example.com"
CUSTOMER = "alice@example.com"
PASSWORD = "correct horse battery staple"
PEOPLE = {ADMINISTRATOR: "administrator", AGENT: "agent", CUSTOMER: "customer"}
