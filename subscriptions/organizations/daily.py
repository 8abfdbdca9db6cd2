"""The daily job: reminders, notifications, and cleanup (R32).

No rule depends on it. Running it twice repeats nothing, and after missed days it sends nothing
outdated.
"""

from subscriptions.licenses import reminders
from subscriptions.licenses.reminders import DailyReport
from subscriptions.members import drafts
from subscriptions.roster_import import rosters


def run_daily() -> DailyReport:
    """Send reminders and notifications, and clean up; safe to run any number of times."""
    report = reminders.remind_all()
    report.count("drafts forgotten", drafts.drop_old())
    report.count("rosters deleted", rosters.drop_old())
    return report
