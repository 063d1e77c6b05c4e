"""The demo people. `external_source` marks them, so that real ones are never taken for them."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.auth.hashers import check_password
from django.db.models import QuerySet

from accounts.models import User, Workgroup
from tickets.models import Ticket
from weiyu_site import env

SOURCE = "weiyu-demo"
ADMINISTRATOR = "admin@email.com"


class Person(NamedTuple):
    username: str
    name: str
    role: str
    language: str
    time_zone: str
    availability: str = User.Availability.OFFLINE


AVAILABLE, BUSY = User.Availability.AVAILABLE, User.Availability.BUSY
PEOPLE = [
    Person(ADMINISTRATOR, "Dana Reed", "administrator", "", "Europe/Berlin", BUSY),
    Person("lina@example.com", "李娜", "agent", "zh-hans", "Asia/Shanghai", AVAILABLE),
    Person("wangmei@example.com", "王梅", "agent", "zh-hans", "Asia/Shanghai"),
    Person("tom@example.com", "Tom Becker", "agent", "en", "Europe/Berlin", AVAILABLE),
    Person("sara@example.com", "Sara Okafor", "agent", "en", "Africa/Lagos"),
    Person("emma@example.net", "Emma Clark", "customer", "en", "Europe/London"),
    Person("lucas@example.net", "Lucas Martin", "customer", "en", "Europe/Paris"),
    Person("noah@example.net", "Noah Schmidt", "customer", "en", "Europe/Berlin"),
    Person("olivia@example.net", "Olivia Jones", "customer", "en", "America/New_York"),
    Person("chenjing@example.net", "陈静", "customer", "zh-hans", "Asia/Shanghai"),
    Person("sunli@example.net", "孙丽", "customer", "zh-hans", "Asia/Shanghai"),
    Person("zhaolei@example.net", "赵磊", "customer", "zh-hans", "Asia/Shanghai"),
    Person("zhouming@example.net", "周明", "customer", "zh-hans", "Asia/Shanghai"),
]
# Name: description and members.
WORKGROUPS = {
    "Support": ("Accounts, the app and the API.", ["tom", "sara", "lina"]),
    "Billing": ("Invoices, payments and refunds.", ["sara", "tom"]),
    "中文客服": ("中文咨询与售后。", ["lina", "wangmei"]),
    "Night shift": ("From ten to six; nothing has come in yet.", ["sara"]),
}


def are_there() -> bool:
    return User.objects.filter(external_source=SOURCE).exists()


def may_be_made() -> bool:
    """Return whether the database is still empty."""
    return not User.objects.exists() and not Ticket.objects.exists()


def make(password: str) -> dict[str, User]:
    """Create everybody and return them by the first part of their username."""
    return {
        person.username.partition("@")[0]: User.objects.create_user(
            person.username,
            password,
            display_name=person.name,
            email=person.username,
            role=person.role,
            language=person.language,
            time_zone=person.time_zone,
            availability=person.availability,
            external_source=SOURCE,
            external_id=person.username,
        )
        for person in PEOPLE
    }


def make_workgroups(people: dict[str, User]) -> dict[str, Workgroup]:
    made = {}
    for name, (description, members) in WORKGROUPS.items():
        made[name] = Workgroup.objects.create(name=name, description=description)
        made[name].members.set(people[member] for member in members)
    return made


def administrator() -> User | None:
    """Return the demo administrator while they may still sign in."""
    return (
        User.objects.active()
        .filter(username=ADMINISTRATOR, external_source=SOURCE, role=User.Role.ADMINISTRATOR)
        .first()
    )


def who_can_sign_in() -> QuerySet[User]:
    return User.objects.active().team().filter(external_source=SOURCE).order_by("id")


def known_password() -> str | None:
    """Return the password of the demo people if it still is the one of the environment."""
    password, person = env.optional("WEIYU_DEMO_PASSWORD"), administrator()
    if password and person and check_password(password, person.password):
        return password
    return None
