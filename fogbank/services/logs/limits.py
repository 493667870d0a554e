"""Limits of CloudWatch Logs that no other floor shares."""

DESTINATIONS_MAX = 1_000  # for each account and region; AWS names no quota, something must bound it
DESTINATION_POLICY_BYTES_MAX = 5_120  # as of resource policies
