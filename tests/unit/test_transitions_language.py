"""The language of conditional writes means what a DynamoDB ConditionExpression means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.transitions.change import (
    Absent,
    AbsentOr,
    Below,
    Change,
    LeaseFree,
    OneOf,
    Present,
    applied,
    is_,
)

names = st.sampled_from(["a", "b", "c", "lease_owner", "lease_until"])
numbers = st.integers(-3, 3)
rows = st.dictionaries(names, numbers)
conditions = (
    st.builds(is_, names, numbers)
    | st.builds(OneOf, names, st.lists(numbers, max_size=3).map(tuple))
    | st.builds(AbsentOr, names, numbers)
    | st.builds(Present, names)
    | st.builds(Absent, names)
    | st.builds(Below, names, numbers)
    | st.builds(LeaseFree, numbers)
)
changes = st.builds(
    Change,
    name=st.just("any"),
    when=st.lists(conditions, max_size=3).map(tuple),
    sets=st.dictionaries(names, st.none() | numbers),
    adds=st.dictionaries(names, numbers),
    creates=st.booleans(),
)


def holds(condition, row, dead=lambda _owner: False):
    return applied(Change("asked", (condition,)), row, dead) is not None


@given(names, numbers)
def test_a_comparison_with_a_missing_attribute_is_false(name, value):
    for condition in (is_(name, value), OneOf(name, (value,)), Below(name, value), Present(name)):
        assert not holds(condition, {})
        assert not holds(condition, {name: None})


@given(names, numbers)
def test_only_absence_is_true_of_a_missing_attribute(name, value):
    assert holds(Absent(name), {})
    assert holds(AbsentOr(name, value), {})
    assert not holds(Absent(name), {name: value})


@given(names, numbers, numbers)
def test_comparisons_with_a_present_attribute_are_the_plain_ones(name, value, other):
    row = {name: value}

    assert holds(is_(name, other), row) == (value == other)
    assert holds(AbsentOr(name, other), row) == (value == other)
    assert holds(Below(name, other), row) == (value < other)
    assert holds(OneOf(name, (other, other + 1)), row) == (value in (other, other + 1))


def test_zero_false_and_empty_are_values_and_not_absence():
    for value in (0, False, ""):
        assert holds(Present("a"), {"a": value})
        assert not holds(Absent("a"), {"a": value})
        assert holds(is_("a", value), {"a": value})


@pytest.mark.parametrize(
    ("row", "free"),
    [
        ({}, True),
        ({"lease_owner": "x"}, True),
        ({"lease_until": 99.0}, True),
        ({"lease_owner": "x", "lease_until": 9.9}, True),
        ({"lease_owner": "x", "lease_until": 10.0}, False),
        ({"lease_owner": "x", "lease_until": 11.0}, False),
        ({"lease_owner": "dead", "lease_until": 11.0}, True),
    ],
)
def test_a_lease_is_free_when_absent_run_out_or_of_a_dead_owner(row, free):
    assert holds(LeaseFree(10.0), row, lambda owner: owner == "dead") is free


@given(changes)
def test_a_missing_row_is_written_only_by_a_change_that_creates(change):
    after = applied(change, None)

    assert change.creates or after is None
    if after is not None:
        assert after == applied(change, {})


@given(changes, rows)
def test_a_change_is_made_exactly_when_every_condition_holds(change, row):
    expected = all(holds(condition, row) for condition in change.when)

    assert (applied(change, row) is not None) is expected


@given(changes, rows)
def test_a_change_touches_only_what_it_names_and_never_its_input(change, row):
    before = dict(row)

    after = applied(change, row)

    assert row == before
    if after is not None:
        untouched = set(row) - set(change.sets) - set(change.adds)
        assert {name: after[name] for name in untouched} == {n: row[n] for n in untouched}
        assert set(after) <= set(row) | set(change.sets) | set(change.adds)


@given(changes, rows)
def test_none_removes_and_a_row_never_holds_a_none(change, row):
    after = applied(change, row)

    if after is not None:
        assert None not in after.values()
        removed = {name for name, value in change.sets.items() if value is None}
        assert not (removed - set(change.adds)) & set(after)


@given(rows, names, numbers)
def test_adding_counts_from_the_stored_value_or_from_zero(row, name, amount):
    after = applied(Change("add", (), adds={name: amount}), row)

    assert after == row | {name: row.get(name, 0) + amount}


@given(rows, names, numbers)
def test_setting_the_same_twice_changes_nothing_more(row, name, value):
    change = Change("set", (), {name: value})

    once = applied(change, row)

    assert applied(change, once) == once


@given(changes, names)
def test_without_drops_the_conditions_on_one_attribute_and_nothing_else(change, name):
    weaker = change.without(name)

    assert [c for c in change.when if getattr(c, "name", "lease") != name] == list(weaker.when)
    assert (weaker.sets, weaker.adds, weaker.creates) == (change.sets, change.adds, change.creates)
