"""Check commit subjects, and find the banned phrases of ``.ci/phrases.txt`` (CONTRIBUTING.md)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PHRASES = ROOT / ".ci" / "phrases.txt"
# The length of subjects is checked from the commit after this one on.
SINCE = "b12e24f"
LONGEST_SUBJECT = 72


def git(*arguments: str) -> list[str]:
    """Return the output lines of a git command; none if it fails, such as outside a repository."""
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607  # git from the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines() if done.returncode == 0 else []


def main() -> int:
    """Print all findings. Return 1 if there are any, else 0."""
    subjects = git("log", f"{SINCE}..HEAD", "--no-merges", "--format=%s")
    found = [f"subject too long: {one}" for one in subjects if len(one) > LONGEST_SUBJECT]
    # Translation files repeat the English texts.
    others = [":!locale", f":!{PHRASES.relative_to(ROOT)}"]
    patterns = ["-f", str(PHRASES), "--", *others]
    found += git("grep", "--ignore-case", "--fixed-strings", "-nI", *patterns)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
