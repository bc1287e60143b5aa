"""Events that this system puts on EventBridge itself: their source and detail-types.

Whoever may put events in an account can put such ones: AWS guards its own sources alone.
"""

EVENT_SOURCE = "backup-org"

RESTORE_TEST_VERDICT = "Restore Test Verdict"
"""What was found of what a restore test restored (handlers/check_restore)."""
HEARTBEAT = "Heartbeat"
"""From each account and Region, every six hours: `stack` and `name`, how the account is called."""
DAILY_LOOK = "Daily Look"
"""To the ticket function, which then tells who is silent."""
TICKET_TEST = "Ticket Test"
"""Of `backup-org tickets test`: `testId`, `state` and `statusMessage`; the state is FAILED, or
COMPLETED, which resolves the incident of the same testId."""
NOTE_DUE = "Ticket Note Due"
"""From the ticket function to itself, by its queue alone: `key`, of what is to be seen to."""
SILENT_REGIONS = "Silent Regions"
"""As which the ticket function reads a daily look: `state`, SILENT or OK, and who is `silent`."""

SILENT_AFTER_HOURS = 13
"""Two heartbeats missed, and an hour for their way."""
