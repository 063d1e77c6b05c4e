from __future__ import annotations

import pytest

from tests import people
from tests.server import Weiyu, weiyu  # noqa: F401 - the fixture itself


@pytest.fixture(scope="session")
def desk(weiyu: Weiyu) -> Weiyu:  # noqa: F811
    """The real server with an administrator, an agent and a customer."""
    return people.settle(weiyu)
