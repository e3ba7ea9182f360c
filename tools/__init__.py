"""What makes, hands out and grades the lessons; no lesson imports it."""
