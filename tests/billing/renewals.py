"""Plan, start and settle renewals for tests."""

import uuid
from datetime import date
from typing import Any

from billing.checkout import renewals
from billing.checkout.renewals import RenewalOrder, plan_renewal, start_renewal
from billing.models import Purchase
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import Membership, Package
from tests.support.world import World, local

IN_WINDOW = local(date(2031, 12, 10), 12)
NEW_START = date(2032, 1, 1)


def plan(world: World, package: Package | None = None, code: str = "") -> renewals.RenewalPlan:
    subscription = get_status(world.lakeside, clock.now())
    return plan_renewal(subscription, package or world.term.package, code=code)


def renew(world: World, buyer: Membership | None = None, **changes: Any) -> Purchase:
    package = changes.pop("package", world.term.package)
    code = changes.pop("code", "")
    fingerprint = changes.pop("fingerprint", None)
    order = RenewalOrder(
        package=package,
        code=code,
        fingerprint=plan(world, package, code).fingerprint if fingerprint is None else fingerprint,
        submission=changes.pop("submission", None) or uuid.uuid4(),
    )
    return start_renewal(buyer or world.assignor, order)


def renew_and_settle(world: World, **changes: Any) -> Purchase:
    purchase = renew(world, **changes)
    settled = world.pay_and_settle(purchase)
    return settled
