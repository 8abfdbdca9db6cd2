"""Check pinned dependencies for known vulnerabilities; fail on each, and report what was skipped.

A wrapper of pip-audit: an unreachable service must neither look like a clean result nor block work.
"""

import json
import subprocess
import sys


def main(requirements: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format=json"]
    result = subprocess.run(
        [*command, "--requirement", requirements], capture_output=True, text=True, check=False
    )
    try:
        found = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"audit: NOT CHECKED, the service cannot be reached:\n{result.stderr[-500:]}")
        return 0
    skipped = [one["name"] for one in found if "skip_reason" in one]
    vulnerabilities = [
        (one, vulnerability) for one in found for vulnerability in one.get("vulns", [])
    ]
    for one, vulnerability in vulnerabilities:
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        print(f"audit: {one['name']} {one['version']}: {vulnerability['id']}, fixed in {fixed}")
    if skipped:
        print(f"audit: NOT CHECKED: {len(skipped)} of {len(found)}: {', '.join(skipped[:5])} …")
    checked = len(found) - len(skipped)
    print(f"audit: {checked} dependencies checked, {len(vulnerabilities)} vulnerabilities")
    return 1 if vulnerabilities else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
