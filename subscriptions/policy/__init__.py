"""The business rules, without Django, database, clock or payment processor.

Functions take plain values, including the time, and return a plain value, ``ALLOWED``, or a
``Refusal`` with the reason.

Where each rule is decided: a plain name is a module in this package; a dotted name is a package
whose docstring names the rule. ``tests/policy/test_map.py`` checks this map against the docstrings.

R1   members, subscriptions/models/members.py
R2   members, subscriptions.access, subscriptions.members, subscriptions.organizations
R3   members, roster_import, subscriptions.access, subscriptions.members, subscriptions.roster_import
R4   members, roster_import, subscriptions.members, subscriptions.licenses, subscriptions.roster_import
R5   licenses, roster_import, subscriptions.members, subscriptions.licenses, subscriptions.roster_import
R6   templates/site/_nav.html
R7   subscriptions.organizations, templates/organizations/subscription.html
R8   roster_import, subscriptions.roster_import, subscriptions.members
R9   billing.checkout
R10  add_ons, roster_import, billing.checkout
R11  prices, billing.checkout, subscriptions.licenses
R12  card_testing, billing.gateway, billing.checkout, billing.settlement
R13  billing.checkout, billing.events, billing.settlement
R14  billing.settlement, billing.events, billing.refunds
R15  billing.settlement, billing.events, billing.refunds, billing.support
R16  expiration, subscriptions.licenses
R17  card_testing, billing.checkout, billing.events, billing.support
R18  calendar
R19  calendar, expiration, add_ons, renewals
R20  expiration, add_ons, billing.checkout
R21  expiration, add_ons, billing.checkout
R22  expiration, add_ons, renewals, subscriptions.access, subscriptions.licenses, billing.checkout
R23  calendar, renewals, billing.settlement, billing.checkout
R24  renewals, billing.checkout, subscriptions.licenses
R25  renewals, prices, billing.checkout, subscriptions.licenses, billing.documents
R26  prices, billing.checkout
R27  renewals, messenger, subscriptions.licenses, billing.support, subscriptions.messenger
R28  messenger, subscriptions.messenger, templates/messenger/_button.html
R29  subscriptions.licenses, billing.documents, billing.settlement
R30  calendar, refunds, renewals, billing.refunds, billing.events, billing.support
R31  billing.documents, billing.settlement
R32  reminders, subscriptions.licenses, subscriptions.organizations
"""  # noqa: E501  # one line per rule
