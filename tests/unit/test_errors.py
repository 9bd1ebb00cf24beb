"""Errors: one stable vocabulary, and for each kind one family and one exit code."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.errors import (
    ErrorKind,
    MachineError,
    ModelError,
    RequestError,
    SourceError,
    StepError,
    StereoSpotError,
    error_of,
)

FAMILIES = {
    SourceError: [kind for kind in ErrorKind if kind.startswith("source_")],
    StepError: ["chunk_failed", "segment_failed", "assemble_failed", "cancelled", "no_progress"],
    RequestError: [
        *("bad_event", "bad_request", "not_found", "conflict", "unauthorized"),
        *("quota_exceeded", "upload_expired"),
    ],
    MachineError: [
        *("disk_full", "port_in_use", "data_in_use", "output_unwritable", "out_of_memory"),
        *("store_unreachable", "internal"),
    ],
    ModelError: [
        *("licence_not_accepted", "terms_not_accepted", "token_missing", "provider_failed"),
        *("weights_unavailable", "weights_mismatch"),
    ],
}
FAMILY_OF = {ErrorKind(kind): family for family, kinds in FAMILIES.items() for kind in kinds}


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_belongs_to_the_family_that_its_name_says(kind):
    error = error_of(kind, "what was wrong")

    assert type(error) is FAMILY_OF[kind]
    assert (error.kind, error.message, str(error)) == (kind, "what was wrong", "what was wrong")


@pytest.mark.parametrize("kind", ErrorKind)
def test_only_the_input_and_the_request_are_the_caller_s_fault(kind):
    callers = isinstance(error_of(kind, ""), SourceError | RequestError)

    assert error_of(kind, "").exit_code == (2 if callers else 1)


@given(st.text().filter(lambda text: text not in list(ErrorKind)), st.text())
def test_an_unknown_kind_is_our_own_defect_and_keeps_its_words(kind, message):
    error = error_of(kind, message)

    assert type(error) is MachineError
    assert error.kind is ErrorKind.INTERNAL
    assert kind in error.message
    assert message in error.message


@pytest.mark.parametrize("kind", ErrorKind)
def test_an_error_crosses_a_process_border_unchanged(kind):
    error = error_of(kind, "segment 3")

    twin = pickle.loads(pickle.dumps(error))

    assert (type(twin), twin.kind, twin.message) == (type(error), kind, "segment 3")


def test_every_error_can_be_caught_by_its_base():
    assert all(issubclass(family, StereoSpotError) for family in FAMILIES)
