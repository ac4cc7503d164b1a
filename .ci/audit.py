"""Asks PyPI's database of vulnerabilities about the locked dependencies, by pip-audit: `make audit`.

pip-audit says "No known vulnerabilities found" also where it could ask about nothing. So it is counted here
what was asked about. The exit code is 1 if there is a vulnerability, and 0 where there is none, or no
network: then it says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parent / "requirements.txt"


def main() -> int:
    """Audit, and say what was found and what was not asked."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        options = ["--disable-pip", "--require-hashes", "-r", str(LOCK), "-f", "json", "-o", str(report)]
        done = subprocess.run(  # noqa: S603 - nothing of it comes from elsewhere
            [sys.executable, "-m", "pip_audit", *options, "--progress-spinner", "off"],
            check=False,
            capture_output=True,
            text=True,
        )
        try:
            found = json.loads(report.read_text("utf-8"))["dependencies"]
        except (OSError, ValueError, KeyError):
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            print(f"NOT AUDITED: pip-audit could not ask its database: {last[:300]}")
            return 0
    return told(found)


def told(found: list[dict[str, Any]]) -> int:
    """Print the result.

    Args:
        found: The dependencies, as pip-audit's report has them.

    Returns:
        The exit code.
    """
    asked = [one for one in found if "skip_reason" not in one]
    bad = [one for one in asked if one["vulns"]]
    for one in bad:
        for vulnerability in one["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
            print(f"{one['name']} {one['version']}: {vulnerability['id']}, fixed in {fixed}")
    left = len(found) - len(asked)
    print(f"{len(asked)} of {len(found)} locked packages were audited, {len(bad)} are vulnerable.")
    if left:
        print(f"NOT AUDITED: {left} packages: the database could not be asked. Is there a network?")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
