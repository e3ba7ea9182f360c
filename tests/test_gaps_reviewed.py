"""Hints, units, thresholds: what no output shows was read by a person and did not change since."""

import pytest

from tests.audit.reviewed import changes, reviewed

CHANGES = changes()


@pytest.mark.parametrize("file", reviewed())
def test_is_as_it_was_reviewed(file):
    changed = [line for line in CHANGES if line.startswith(f"{file},")]
    assert not changed, ("changed since it was last reviewed:\n  " + "\n  ".join(changed)
                         + "\nRead the change (git diff), then: "
                           "python tests/audit/reviewed.py --accept")
