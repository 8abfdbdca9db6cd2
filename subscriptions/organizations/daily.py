"""The daily job: reminders, notifications, and tidying up (R32).

No rule depends on it having run. Run twice it repeats nothing; not run for days it sends nothing
stale.
"""

from subscriptions.licenses import reminders
from subscriptions.licenses.reminders import DailyReport
from subscriptions.members import drafts
from subscriptions.roster_import import rosters


def run_daily() -> DailyReport:
    """Remind, notify, tidy up. Safe at any time, any number of times."""
    report = reminders.remind_all()
    report.count("drafts forgotten", drafts.drop_old())
    report.count("rosters forgotten", rosters.drop_old())
    return report
