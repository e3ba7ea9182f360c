"""Words, units, thresholds, set-up: what no output shows did not change since a person read it."""

import pytest

from tests.audit.reviewed import KEPT, changes, reviewed

CHANGES = changes()


@pytest.mark.parametrize("file", sorted({*reviewed(), KEPT.as_posix()}))
def test_is_as_it_was_reviewed(file):
    changed = [line for line in CHANGES if line.startswith(f"{file},")]
    assert not changed, ("changed since it was last reviewed:\n  " + "\n  ".join(changed)
                         + "\nRead the change (git diff), then: "
                           "make reviewed")
