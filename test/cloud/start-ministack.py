# Starts MiniStack with what it cannot be told by environment variables (docs/emulators.md says why).
from ministack.services import scheduler

# It looks for due schedules every ten seconds; EventBridge Scheduler is late by at most a minute, and tests are impatient.
scheduler._SCHEDULE_TICK_INTERVAL = 0.2

from ministack.app import main

main()
