"""Dockerfile and compose.yaml call deploy/install.sh, and pin what they take from others."""

from __future__ import annotations

import re
import subprocess
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {"prepare", "server", "due-work"}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.]+)?")
SECRETS = {"WEIYU_SECRET_KEY", "WEIYU_TOKEN_KEYS", "POSTGRES_PASSWORD"}

pytestmark = pytest.mark.once


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)


def steps() -> set[str]:
    """Return the functions of the script that may be called by name."""
    script = (ROOT / "deploy/install.sh").read_text()
    (allowed,) = re.findall(r"^        (\w+(?: \| \w+)+)\) ;;$", script, re.MULTILINE)
    return set(allowed.split(" | "))


def test_the_image_is_made_by_the_script_alone():
    assert instructions("RUN") == ["/opt/weiyu/deploy/install.sh image"]
    assert instructions("COPY") == [". /opt/weiyu"]
    assert not instructions("ADD")
    assert "image" in steps()


def test_images_of_others_are_pinned():
    taken = instructions("FROM") + [
        service["image"] for name, service in SERVICES.items() if name not in OURS
    ]
    assert [image for image in taken if not PINNED.fullmatch(image)] == []


def test_the_debian_of_the_image_is_the_one_that_the_script_is_for():
    (image,) = instructions("FROM")
    assert re.fullmatch(r"debian:12\.\d+-slim", image)
    assert "Install Weiyu on Debian 12" in (ROOT / "deploy/install.sh").read_text()


def test_only_what_runs_goes_into_the_image():
    listed = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in listed if line and not line.startswith("#")]
    taken = {line[1:] for line in rules if line.startswith("!")}

    assert rules[0] == "*"
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    rooms = set(contracts["root_packages"])
    assert taken == rooms | {"deploy", "manage.py", "requirements.txt", "pyproject.toml", "LICENSE"}
    assert all((ROOT / name).exists() for name in taken)


def test_no_secret_stands_in_the_files():
    for text in (DOCKERFILE, (ROOT / "compose.yaml").read_text()):
        for name in SECRETS:
            said = re.findall(rf"^ *(?:ENV )?{name}[:=] *(.*)", text, re.MULTILINE)
            assert all(value.startswith(f"${{{name}:?") for value in said), name
    ignored = subprocess.run(["git", "check-ignore", "--quiet", ".env"], cwd=ROOT, check=False)
    assert ignored.returncode == 0


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_may_do_little(name):
    service = SERVICES[name]

    assert instructions("USER") == ["weiyu"]
    assert "user" not in service
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["data:/var/lib/weiyu"]
    assert instructions("VOLUME") == ["/var/lib/weiyu"]


def test_it_is_prepared_once_and_before_the_workers():
    assert SERVICES["prepare"]["command"] == ["deploy/install.sh", "prepare"]
    assert "prepare" in steps()
    assert SERVICES["prepare"]["restart"] == "no"
    for name in ("server", "due-work"):
        waits = SERVICES[name]["depends_on"]["prepare"]
        assert waits == {"condition": "service_completed_successfully"}
    others = [
        str(service.get("command")) for name, service in SERVICES.items() if name != "prepare"
    ]
    assert not any("migrate" in command or "prepare" in command for command in others)


def test_the_proxy_alone_is_believed_and_reached():
    proxy = SERVICES["proxy"]["networks"]["outside"]["ipv4_address"]

    for name in OURS:
        assert SERVICES[name]["environment"]["WEIYU_TRUSTED_PROXIES"] == proxy
    (addresses,) = COMPOSE["networks"]["outside"]["ipam"]["config"]
    assert ip_address(proxy) in ip_network(addresses["subnet"])
    assert ip_address(proxy) not in ip_network(addresses["ip_range"])
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("database", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_readiness_is_what_the_container_reports():
    assert "/readyz" in SERVICES["server"]["healthcheck"]["test"][-1]
    assert SERVICES["database"]["healthcheck"]
    assert SERVICES["redis"]["healthcheck"]


def test_docs_name_each_step_that_they_call():
    page = (ROOT / "docs/operating.md").read_text()
    called = re.findall(r"^    .*deploy/install\.sh((?: \w+)+)$", page, re.MULTILINE)
    assert called
    assert {step for line in called for step in line.split()} <= steps()
