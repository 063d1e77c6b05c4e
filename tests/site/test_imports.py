"""No two modules need each other at run time, however late they import."""

from __future__ import annotations

import tomllib
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest
from django.conf import settings

pytestmark = pytest.mark.once


def test_imports_never_run_in_a_circle():
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    rooms = project["tool"]["importlinter"]["root_packages"]

    graph = grimp.build_graph(*rooms, exclude_type_checking_imports=True, cache_dir=None)

    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as circle:
        pytest.fail(" → ".join(circle.args[1]))
