"""System checks refuse to start the site with unsafe settings, and accept safe ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from licensing_site.checks import TAG, Misconfigured, refuse_to_start_if_misconfigured
from tests.repository.architecture import APPS, ROOT

pytestmark = pytest.mark.one_database

SAFE = {
    "DEBUG": False,
    "DEMO": False,
    "SECRET_KEY": "s" * 50,
    "ALLOWED_HOSTS": ["licenses.example"],
    "SITE_URL": "https://licenses.example",
    "STRIPE_SECRET_KEY": "sk_live_abc",
    "STRIPE_WEBHOOK_SECRETS": ["whsec_abc"],
    "STRIPE_API_BASE": "",
    "SECURE_PROXY_SSL_HEADER": None,
    "ALLAUTH_TRUSTED_PROXY_COUNT": 0,
}
PROXY = ("HTTP_X_FORWARDED_PROTO", "https")
SANDBOX = {"STRIPE_SECRET_KEY": "sk_test_abc", "STRIPE_API_BASE": "http://127.0.0.1:12111"}


@pytest.fixture
def configure(settings: Settings):
    """Return a function that changes safe settings, and returns the failed checks."""

    def change(**changes: Any) -> list[str | None]:
        for name, value in (SAFE | changes).items():
            setattr(settings, name, value)
        return [message.id for message in run_checks(tags=[TAG])]

    return change


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        pytest.param(error, changes, id=f"{error}-{number}")
        for number, (error, changes) in enumerate(
            [
                ("licensing.E001", {"SECRET_KEY": "s" * 31}),
                ("licensing.E001", {"SECRET_KEY": ""}),
                ("licensing.E002", {"ALLOWED_HOSTS": []}),
                ("licensing.E003", {"SITE_URL": ""}),
                ("licensing.E003", {"SITE_URL": "licenses.example"}),
                ("licensing.E004", {"SITE_URL": "http://licenses.example"}),
                (
                    "licensing.E004",
                    {"SITE_URL": "http://licenses.example", "STRIPE_SECRET_KEY": "rk_live_abc"},
                ),
                ("licensing.E005", {"STRIPE_SECRET_KEY": ""}),
                ("licensing.E005", {"STRIPE_SECRET_KEY": "pk_live_abc"}),
                ("licensing.E006", {"STRIPE_WEBHOOK_SECRETS": []}),
                ("licensing.E006", {"STRIPE_WEBHOOK_SECRETS": ["whsec_abc", "abc"]}),
                ("licensing.E007", {"STRIPE_API_BASE": "http://127.0.0.1:12111"}),
                ("licensing.E008", {"DEMO": True}),
                ("licensing.E008", {"DEMO": True, "STRIPE_SECRET_KEY": "sk_test_abc"}),
                ("licensing.E010", {"ADMIN_NETWORKS": ["192.0.2.0/33"]}),
                ("licensing.E011", {"SECURE_PROXY_SSL_HEADER": PROXY}),
            ]
        )
    ],
)
def test_unsafe_setting_is_found(configure, error: str, changes: dict[str, Any]) -> None:
    assert configure(**changes) == [error]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="a live site"),
        pytest.param({"SECRET_KEY": "s" * 32}, id="the shortest key"),
        pytest.param(
            {"SECURE_PROXY_SSL_HEADER": PROXY, "ALLAUTH_TRUSTED_PROXY_COUNT": 1}, id="one proxy"
        ),
        pytest.param({"STRIPE_WEBHOOK_SECRETS": ["whsec_a", "whsec_b"]}, id="two secrets"),
        pytest.param({"STRIPE_SECRET_KEY": "rk_live_abc"}, id="a restricted key"),
        pytest.param(SANDBOX, id="the local sandbox"),
        pytest.param({**SANDBOX, "SITE_URL": "http://localhost:8000"}, id="a test key over http"),
        pytest.param({**SANDBOX, "DEMO": True}, id="the demo"),
        pytest.param(
            {
                "DEBUG": True,
                "SECRET_KEY": "short",
                "STRIPE_SECRET_KEY": "",
                "STRIPE_WEBHOOK_SECRETS": [],
            },
            id="a developer's machine",
        ),
    ],
)
def test_safe_setting_passes(configure, changes: dict[str, Any]) -> None:
    assert configure(**changes) == []


def test_all_findings_are_reported_at_once(configure) -> None:
    configure(SECRET_KEY="", ALLOWED_HOSTS=[])

    with pytest.raises(Misconfigured, match=r"(?s)licensing\.E001.*licensing\.E002"):
        refuse_to_start_if_misconfigured()


def test_safe_site_starts(configure) -> None:
    configure()

    refuse_to_start_if_misconfigured()


# The WSGI application in its own process ----------------------------------------------------------


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the code, without a developer's ``.env``."""
    folder = tmp_path_factory.mktemp("checkout")
    for app in APPS:
        shutil.copytree(ROOT / app, folder / app, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def start_the_site(checkout: Path):
    """Return a function that loads the WSGI application with only the given environment."""

    def start(**environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", "import licensing_site.wsgi"],
            cwd=checkout,
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return start


REQUIRED = {
    "SECRET_KEY": "s" * 50,
    "ALLOWED_HOSTS": "licenses.example",
    "SITE_URL": "https://licenses.example",
    "STRIPE_SECRET_KEY": "sk_live_abc",
    "STRIPE_WEBHOOK_SECRET": "whsec_abc",
}


def test_site_refuses_to_start_without_settings(start_the_site) -> None:
    result = start_the_site()

    assert result.returncode != 0
    assert "Misconfigured" in result.stderr
    for number in (1, 2, 3, 5, 6):
        assert f"licensing.E00{number}" in result.stderr


def test_site_starts_with_the_required_settings(start_the_site) -> None:
    result = start_the_site(**REQUIRED)

    assert result.returncode == 0, result.stderr


def test_live_key_is_never_sent_to_another_host(start_the_site) -> None:
    result = start_the_site(**REQUIRED, STRIPE_API_BASE="http://127.0.0.1:12111")

    assert result.returncode != 0
    assert "licensing.E007" in result.stderr


@pytest.mark.parametrize("variable", ["SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_secret_is_never_shown(start_the_site, variable: str) -> None:
    result = start_the_site(**{**REQUIRED, variable: "do-not-show"})

    assert result.returncode != 0
    assert "do-not-show" not in result.stderr + result.stdout


@pytest.fixture
def run(checkout: Path):
    """Run Python in the checkout, with only this environment."""

    def run(*arguments: str, **environment: str) -> str:
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=checkout,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stdout
        return result.stdout

    return run


def test_web_server_reads_the_file_too(checkout: Path, run) -> None:
    (checkout / ".env").write_text("BIND=127.0.0.1:1\nWEB_THREADS=2\n")
    try:
        question = "import os; from licensing_site.serving import *; "
        question += "print(bind, threads, 'BIND' in os.environ)"
        assert run("-c", question, WEB_THREADS="3") == "127.0.0.1:1 3 False\n"
    finally:
        (checkout / ".env").unlink()


def test_default_database_can_be_created(checkout: Path, run) -> None:
    shutil.rmtree(checkout / "var", ignore_errors=True)

    run(
        "-m",
        "django",
        "showmigrations",
        DJANGO_SETTINGS_MODULE="licensing_site.settings",
        **REQUIRED,
    )

    assert (checkout / "var" / "licensing.sqlite3").exists()


def test_deployment_check_reports_nothing(checkout: Path, run) -> None:
    for folder in ("static", "templates"):
        shutil.copytree(ROOT / folder, checkout / folder, dirs_exist_ok=True)

    command = ("-m", "django", "check", "--deploy", "--fail-level=WARNING")
    environment = {**REQUIRED, "SECRET_KEY": token_urlsafe(50)}
    run(*command, DJANGO_SETTINGS_MODULE="licensing_site.settings", **environment)
