"""``python -m billing.sandbox``: start the local Stripe."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

from billing.sandbox.engine import webhooks
from billing.sandbox.process import config, runtime, store


def main(arguments: list[str]) -> int:
    """Check the options, listen, and serve until stopped. Return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        running = runtime.start(_config(options))
    except (config.ConfigError, store.StoreInUse) as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 2
    return _serve(running, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m billing.sandbox", description="A local Stripe for demo and tests."
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback only")
    parser.add_argument("--port", type=int, default=12111, help="0 for any free port")
    parser.add_argument("--port-file", type=Path, help="where to write the port once listening")
    parser.add_argument("--store", type=Path, required=True, help="file that stores everything")
    parser.add_argument("--secret-key", default=config.DEFAULT_SECRET_KEY)
    parser.add_argument("--control-token", default=config.DEFAULT_CONTROL_TOKEN)
    parser.add_argument("--webhook-url", help="endpoint that receives every event")
    parser.add_argument("--webhook-secret", help="whsec_… secret that signs the events")
    parser.add_argument(
        "--retry-seconds",
        type=_seconds,
        default=config.RETRY_SECONDS,
        help="waits between webhook attempts, in real seconds: 1,2,5",
    )
    parser.add_argument(
        "--dispute-seconds",
        type=int,
        default=config.DISPUTE_SECONDS,
        help="time from a payment to the dispute its card causes, in sandbox seconds",
    )
    parser.add_argument(
        "--refund-seconds",
        type=int,
        default=config.REFUND_SECONDS,
        help="time until a refund on a refund test card changes, in sandbox seconds",
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when the parent process stops"
    )
    return parser


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _config(options: argparse.Namespace) -> config.Config:
    return config.Config(
        store=options.store,
        host=options.host,
        port=options.port,
        secret_key=options.secret_key,
        control_token=options.control_token,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
        retry_seconds=options.retry_seconds,
        dispute_seconds=options.dispute_seconds,
        refund_seconds=options.refund_seconds,
    )


def _serve(running: runtime.Sandbox, options: argparse.Namespace) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "billing.sandbox.process.settings"
    from billing.sandbox.process import server  # needs the settings named above

    listening = server.listen(options.host, options.port)
    port = listening.server_address[1]
    host = f"[{options.host}]" if ":" in options.host else options.host
    running.base_url = f"http://{host}:{port}"
    webhooks.register_configured(running)
    webhooks.Worker(running).start()
    if options.exit_with_parent:
        threading.Thread(target=_exit_with_parent, daemon=True).start()
    if options.port_file:
        _write_atomically(options.port_file, str(port))
    print(f"Sandbox on {running.base_url} (no real money moves)", flush=True)
    try:
        listening.serve_forever(poll_interval=0.05)
    except KeyboardInterrupt:
        print("Sandbox stopped.")
    return 0


def _write_atomically(path: Path, text: str) -> None:
    """Write a file in one step, so that readers never see half of it."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text)
    draft.replace(path)


def _exit_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
