"""The template passes CloudFormation's own linter without a finding."""

import subprocess
import sys
from pathlib import Path

from tests.template.translated import ROOT


def test_the_linter_finds_nothing():
    linter = Path(sys.executable).with_name("cfn-lint")

    told = subprocess.run(
        [linter, "template.yaml"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stdout
