"""Check commit subjects, and that no phrase of ``.ci/phrases.txt`` comes back (CONTRIBUTING.md)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PHRASES = ROOT / ".ci" / "phrases.txt"
# Subjects are held to the length from the commit after this one on.
SINCE = "b12e24f"
LONGEST_SUBJECT = 72


def git(*arguments: str) -> list[str]:
    """The lines of a git command's output; none where it fails, as outside of a repository."""
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607  # the one that is on the path
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines() if done.returncode == 0 else []


def main() -> int:
    """Print what is wrong; how many findings, at most 1."""
    subjects = git("log", f"{SINCE}..HEAD", "--no-merges", "--format=%s")
    found = [f"subject too long: {one}" for one in subjects if len(one) > LONGEST_SUBJECT]
    # Translations repeat the texts that they translate.
    others = [":!locale", f":!{PHRASES.relative_to(ROOT)}"]
    patterns = ["-f", str(PHRASES), "--", *others]
    found += git("grep", "--ignore-case", "--fixed-strings", "-nI", *patterns)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
