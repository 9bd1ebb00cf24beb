"""What all tests of the models share."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
DIFFUSERS_ON_NUMPY_2 = "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"


def pytest_collection_modifyitems(items):
    """Take one warning of a library for what it is; it is nothing that we could change."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(DIFFUSERS_ON_NUMPY_2))
