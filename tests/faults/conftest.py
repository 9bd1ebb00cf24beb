"""The long campaign runs only when it is asked for by its mark."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config, items):
    if config.option.markexpr:
        return
    asked_for = pytest.mark.skip(reason="explores for minutes; run it with -m long")
    for item in items:
        if item.get_closest_marker("long") and HERE in item.path.parents:
            item.add_marker(asked_for)
