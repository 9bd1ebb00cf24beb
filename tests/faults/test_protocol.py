"""Every state that the protocol can reach keeps the invariants and can reach its end."""

import pytest

from tests.faults.model import explore
from tests.faults.mutants import CASES, NOT_NEEDED
from tests.faults.settings import LONG, QUICK


def told(outcome):
    """The way to what was found, to read in a failure."""
    found = outcome.finding
    return found and "\n".join([found.invariant, *found.trace, found.detail])


@pytest.mark.parametrize("name", QUICK)
def test_the_protocol_holds_in_every_reachable_state(name, record_property):
    outcome = explore(QUICK[name])

    record_property("states", outcome.states)
    assert outcome.finding is None, told(outcome)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", LONG)
def test_the_protocol_holds_in_every_state_of_the_long_campaign(name, record_property):
    outcome = explore(LONG[name])

    record_property("states", outcome.states)
    assert outcome.finding is None, told(outcome)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.mutant.name)
def test_without_this_mechanism_an_invariant_breaks(case):
    outcome = explore(case.setting, case.mutant)

    assert outcome.finding is not None
    assert outcome.finding.invariant == case.breaks, told(outcome)


@pytest.mark.parametrize(
    ("mutant", "setting"), NOT_NEEDED, ids=[mutant.name for mutant, _setting in NOT_NEEDED]
)
def test_without_this_mechanism_everything_still_holds(mutant, setting):
    outcome = explore(setting, mutant)

    assert outcome.finding is None, told(outcome)


def test_the_whole_protocol_survives_what_each_mutant_breaks_under():
    for setting in {case.setting for case in CASES} - set(QUICK.values()):
        outcome = explore(setting)
        assert outcome.finding is None, told(outcome)
