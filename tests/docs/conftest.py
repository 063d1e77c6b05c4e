from __future__ import annotations

import pytest

from tests.server import Weiyu


@pytest.fixture(scope="session")
def desk(weiyu: Weiyu) -> Weiyu:
    """The real server with an administrator, an agent and a customer."""
    return weiyu
