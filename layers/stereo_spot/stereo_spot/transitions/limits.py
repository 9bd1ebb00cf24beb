"""Times and limits of the protocol, and the attribute groups that several writes set."""

from collections.abc import Mapping
from typing import Any

TRY_LIMIT = 3
RECLAIM_LIMIT = 10
LEASE_S = 180.0
DEADLINE_S = 24 * 3600.0
FAILED_KEPT_S = 7 * 24 * 3600.0
COLLECT_AGAIN_S = 25 * 3600.0
UNDO_S = 10.0
"""How long a person is offered to undo a deletion."""
UNDO_KEPT_S = 15.0
"""How long it stays possible: an answer given at the last moment still counts."""
TOMBSTONE_S = 30 * 24 * 3600.0

LEASE_OFF: Mapping[str, Any] = {"lease_owner": None, "lease_until": None}
FRESH_PHASE: Mapping[str, Any] = {**LEASE_OFF, "tries": 0, "reclaims": 0}
NO_ERROR: Mapping[str, Any] = {"error_kind": None, "error_text": None, "error_segment": None}
