"""Restoring a ten-minute-old backup recovers every payment (R14)."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import ledger_audit
from billing.states import PurchaseStatus
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import User
from subscriptions.models.members import Role
from tests.programs.soak import invariants
from tests.site.faults.test_terminated_connections import disable_webhooks
from tests.support.databases import server_arguments
from tests.support.postgres import run_program
from tests.support.world import World

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def run(program: str, *arguments: str) -> None:
    """Run a PostgreSQL client program on the test server."""
    run_program(program, *server_arguments(), *arguments)


def back_up(name: str, file: Path) -> None:
    run("pg_dump", "--format=custom", "--file", str(file), name)


def restore(name: str, file: Path) -> None:
    """Replace the lost database with one restored from the file."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        for statement in ("DROP DATABASE {} WITH (FORCE)", "CREATE DATABASE {}"):
            cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
    run("pg_restore", "--exit-on-error", "--no-owner", "--dbname", name, str(file))


def run_reconciliation() -> str:
    output = StringIO()
    call_command("reconcile_purchases", "--hours=1", stdout=output)
    return output.getvalue()


def test_every_payment_since_the_backup_is_recovered(
    committed_db: str, world: World, stripe: SandboxControl, tmp_path: Path
) -> None:
    disable_webhooks(stripe)
    older = world.buy_and_settle(30)
    started_before = world.buy(10)
    back_up(committed_db, tmp_path / "backup")

    world.later(minutes=3)
    world.pay_and_settle(started_before)
    bought_since = world.buy_and_settle(15)
    still_open = world.buy(20)
    stripe.refund(session=older.session_id, amount=5 * 500)
    members.add(world.administrator, NewMember("Nora", "nora@people.example", Role.GENERAL_MEMBER))
    paid = {one.pk: one.session_id for one in (older, started_before, bought_since)}
    world.later(minutes=7)
    restore(committed_db, tmp_path / "backup")
    assert not Purchase.objects.filter(pk=bought_since.pk).exists()

    output = run_reconciliation()

    settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED)
    assert {one.pk: one.session_id for one in settled} == paid
    assert world.held() == 25 + 30 + 10 + 15 - 5
    assert Purchase.objects.get(pk=still_open.pk).status == PurchaseStatus.OPEN
    assert {one.receipt_number for one in settled} == {1, 2, 3}
    assert "0 to review" in output
    assert not list(ledger_audit.differences())
    assert invariants.check_payments(stripe.sessions())[1] == []
    # Users added since the backup are lost, and must be added again.
    assert not User.objects.filter(email="nora@people.example").exists()

    # A purchase that was open at the restore can still be paid.
    world.pay(still_open)
    assert "1 found, 0 to review" in run_reconciliation()
    assert world.held() == 25 + 30 + 10 + 15 - 5 + 20
    assert "0 found" in run_reconciliation()
