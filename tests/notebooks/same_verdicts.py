"""Whether two folders of outputs say the same of the papers: python same_verdicts.py BEFORE AFTER

Of every notebook the newest run that ended well at the profile (--profile, laptop by default) is
read. Verdicts of the published claims are compared one by one; the exit code is 1 where one differs
or is missing. Numbers that moved within the same verdict are listed, and are no difference.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from pathlib import Path

PUBLISHED = Path(__file__).with_name("published_claims.csv")


def rows(path: Path) -> list[dict]:
    """The rows of a csv file, every cell a text."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def newest(outputs: Path, number: str, profile: str) -> Path | None:
    """The folder of the newest run of a notebook that ended well."""
    found = []
    for record in outputs.glob(f"{number}_*/*/run.json"):
        entry = json.loads(record.read_text(encoding="utf-8"))
        if entry["status"] == "ok" and entry["profile"] == profile:
            found.append((entry["started"], record.parent))
    return max(found)[1] if found else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--profile", default="laptop")
    options = parser.parse_args()
    published, counts, moved = rows(PUBLISHED), Counter(), []
    for number in sorted({claim["notebook"] for claim in published}):
        folders = [newest(x, number, options.profile) for x in (options.before, options.after)]
        if None in folders:
            counts["no run"] += 1
            print(f"{number}: no run that ended well in one of the folders")
            continue
        before, after = ({row["id"]: row for row in rows(x / "claims.csv")} for x in folders)
        for claim in published:
            if claim["notebook"] != number:
                continue
            old, new = before.get(claim["id"]), after.get(claim["id"])
            if old is None or new is None or old["verdict"] != new["verdict"]:
                counts["different"] += 1
                print(
                    f"{number} {claim['id']}: {old and (old['verdict'], old['measured'])} -> "
                    f"{new and (new['verdict'], new['measured'])}"
                )
            else:
                counts["same"] += 1
                if old["measured"] != new["measured"]:
                    moved.append(f"{number} {claim['id']}: {old['measured']} -> {new['measured']}")
    print(*(f"moved, same verdict: {line}" for line in moved), sep="\n")
    print(
        f"{counts['same']} claims with the same verdict, {counts['different']} different, "
        f"{counts['no run']} notebooks without a run; {len(moved)} numbers moved"
    )
    return 1 if counts["different"] or counts["no run"] else 0


if __name__ == "__main__":
    sys.exit(main())
