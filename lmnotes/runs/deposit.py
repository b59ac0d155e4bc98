"""What a deposit of runs says: claims, software, texts and papers as entities of schema.org; its
CITATION.cff, and metadata as Zenodo reads them."""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import lmnotes
from lmnotes.errors import InputError
from lmnotes.runs import reach

MIT = "https://spdx.org/licenses/MIT"
PROJECT = {"name": "the lmnotes authors", "family": "", "given": "", "orcid": ""}
LICENCE = (
    "The licence is that of the notebooks, their text, and what they drew and measured. Texts and "
    "models that the numbers come from are not included and have licences of their own; words and "
    "short passages of them that figures and tables show stay their authors'."
)
FORMATS = {".png": "image/png", ".pdf": "application/pdf", ".svg": "image/svg+xml"}
FORMATS |= {".csv": "text/csv", ".html": "text/html", ".ipynb": "application/x-ipynb+json"}
FORMATS |= {".json": "application/json"}
FILES = {
    "CITATION.cff": "How to cite this deposit, and the papers.",
    ".zenodo.json": "Metadata for a DOI as Zenodo reads them; it has none yet.",
    "run.json": "Parameters, versions, commit, times, and the sha256 of each file of the run.",
    "claims.csv": "What the paper states, what was measured, with intervals and verdicts.",
    "inputs.json": "Content ids of texts, and names of models, that the run read.",
    "notebook.ipynb": "The executed notebook.",
    "notebook.html": "The executed notebook as a page that needs no Python.",
}
_PLACEHOLDER = re.compile(r"\b(family|given|name|doe|todo|xxx|your|author|example)\b|[<>?]", re.I)
_ORCID = "https://orcid.org/"
_EXAMPLE = "0000-0002-1825-0097"  # of nobody, in ORCID's own documents


@dataclass(frozen=True)
class Adder:
    """Adds entities to a crate: one for each id, of the properties that are not empty."""

    crate: Any

    def __call__(self, name: str, kind: str | list[str], /, **about: Any) -> Any:
        """The entity with this id."""
        from rocrate.model.contextentity import ContextEntity

        kept = {key: value for key, value in about.items() if value not in (None, "", [])}
        made = ContextEntity(self.crate, name, properties={"@type": kind, **kept})
        return self.crate.dereference(name) or self.crate.add(made)


def people(names: Sequence[str], orcids: Sequence[str]) -> list[dict[str, str]]:
    """The authors; raises InputError for a placeholder, or an ORCID that cannot be one."""
    for name in names:
        if not re.fullmatch(r"[^,]+, *[^,]+", name) or _PLACEHOLDER.search(name):
            given = f"--author {name!r} was given"
            raise InputError(f'{given}; expected a real name as "Family, Given": write it so')
    for orcid in orcids:
        total = 0
        for digit in re.sub(r"\D", "", orcid[:-1]):  # ISO 7064, mod 11-2
            total = (total + int(digit)) * 2
        check = "0123456789X"[(12 - total % 11) % 11]
        is_orcid = re.fullmatch(r"(\d{4}-){3}\d{3}[\dX]", orcid) and orcid[-1] == check
        if not is_orcid or orcid == _EXAMPLE or orcid.startswith("0000-0000-0000"):
            given = f"--orcid {orcid} was given"
            raise InputError(f"{given}; expected one that belongs to an author: look it up")
    if len(orcids) > len(names):
        given = f"{len(orcids)} ORCIDs came with {len(names)} authors"
        raise InputError(f"{given}; expected one at most for each: give --author too")
    authors = []
    for name, orcid in zip(names, [*orcids, *[""] * len(names)], strict=False):
        family, _, given = (part.strip() for part in name.partition(","))
        authors.append({"name": name, "family": family, "given": given, "orcid": orcid})
    return authors or [PROJECT]


def about(runs: list[dict], title: str | None) -> dict[str, str]:
    """Title, date, state and description of the whole."""
    numbers = ", ".join(run["card"].number for run in runs)
    dirty = [run["card"].number for run in runs if run["git"]["dirty"] is not False]
    state = "The source of each run is a commit."
    if dirty:
        state = f"NOT FROM A COMMIT: {', '.join(dirty)} ran with changed or unknown sources."
    papers = "; ".join(run["card"].paper["title"] for run in runs)
    said = (
        f"Figures, tables, executed notebooks, and claims with verdicts, of the papers: {papers}."
    )
    return {
        "name": title or f"Papers on embeddings and language models, rerun: notebook {numbers}",
        "datePublished": max(run["ended"] for run in runs)[:10],
        "creativeWorkStatus": state,
        "description": f"{said} Made by lmnotes {lmnotes.__version__}. {state} {LICENCE}",
    }


def describe(root: Any, people: list[dict], about: dict[str, str], add: Adder) -> None:
    """Give the whole its title, date, licence and authors."""
    for key, value in about.items():
        root[key] = value
    root["license"] = add(MIT, "CreativeWork", name="MIT License", description=LICENCE)
    root["author"] = [
        add(
            f"https://orcid.org/{person['orcid']}"
            if person["orcid"]
            else f"#{quote(person['name'])}",
            "Person" if person["family"] else "Organization",
            name=person["name"],
            familyName=person["family"],
            givenName=person["given"],
        )
        for person in people
    ]


def files(runs: list[dict], people: list[dict], about: dict[str, str]) -> dict[str, str]:
    """The text of CITATION.cff and .zenodo.json; both are JSON, which is YAML too."""
    authors, creators, papers = [], [], [run["card"].paper for run in runs]
    for person in people:
        names = {"family-names": person["family"], "given-names": person["given"]}
        orcid = {"orcid": _ORCID + person["orcid"]} if person["orcid"] else {}
        authors.append((names if person["family"] else {"name": person["name"]}) | orcid)
        creators.append({key: person[key] for key in ("name", "orcid") if person[key]})
    title, date = about["name"], about["datePublished"]
    links = [link for paper in papers for link in _links(paper)]
    common: dict[str, Any] = {"title": title, "version": lmnotes.__version__, "license": "MIT"}
    references = [
        {"type": "article", "title": paper["title"]}
        | {"authors": [{"name": name} for name in _authors(paper)]}
        | {key: paper[key] for key in ("doi", "year") if paper.get(key)}
        for paper in papers
    ]
    citation = {"cff-version": "1.2.0", "message": "Cite the papers, and this deposit."}
    citation |= common | {"type": "dataset", "date-released": date, "authors": authors}
    zenodo = common | {"upload_type": "dataset", "publication_date": date, "creators": creators}
    zenodo["description"] = about["description"]
    zenodo["related_identifiers"] = [{"identifier": k, "relation": "references"} for k in links]
    texts = {"CITATION.cff": citation | {"references": references}, ".zenodo.json": zenodo}
    return {k: json.dumps(v, indent=1, ensure_ascii=False) + "\n" for k, v in texts.items()}


def _authors(paper: dict) -> list[str]:
    """The names of a card's authors, one each."""
    names = paper.get("authors", ())
    return re.split(r", | and ", names) if isinstance(names, str) else list(names)


def _links(paper: dict) -> list[str]:
    sites = (("doi", "https://doi.org/"), ("arxiv", "https://arxiv.org/abs/"))
    return [site + str(paper[key]) for key, site in sites if paper.get(key)]


def entities(run: dict, add: Adder) -> tuple:
    """The action that made a run, the reviews of its claims, and the paper."""
    card, base, links = run["card"], f"#{run['card'].number}", _links(run["card"].paper)
    paper = add(
        (links or [f"{base}-paper"])[0],
        "ScholarlyArticle",
        name=card.paper["title"],
        author=[add(f"#{quote(name)}", "Person", name=name) for name in _authors(card.paper)],
        identifier=links,
        datePublished=str(card.paper.get("year", "")),
    )
    versions = {"lmnotes": lmnotes.__version__, **run["versions"]}
    packages = [
        add(f"#{name}-{quote(version)}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in versions.items()
    ]
    commit = run["git"]["commit"] or "unknown"
    notebook = add(
        f"{base}-notebook",
        ["SoftwareApplication", "SoftwareSourceCode"],
        name=f"{run['notebook']}.ipynb of lmnotes",
        softwareVersion=f"commit {commit}" + (", changed" if run["git"]["dirty"] else ""),
        softwareRequirements=packages,
        isBasedOn=paper,
        license=MIT,
    )
    action = add(
        f"{base}-run-{run['run_id']}",
        "CreateAction",
        name=f"{run['notebook']} at the profile {run['profile']}",
        description=f"It took {run['seconds']:.0f} seconds, with {run['threads']} thread(s).",
        startTime=run["started"],
        endTime=run["ended"],
        actionStatus="http://schema.org/CompletedActionStatus",
        instrument=notebook,
        object=[*_inputs(run, base, add), *_parameters(run, base, add)],
    )
    return action, [_review(row, base, paper, add) for row in run["claims"]], paper


def _parameters(run: dict, base: str, add: Adder) -> list:
    """The run's parameters."""
    made = []
    for name, value in run["parameters"].items():
        shown = value if isinstance(value, int | float | str) else json.dumps(value)
        made.append(add(f"{base}-parameter-{name}", "PropertyValue", name=name, value=shown))
    return made


def _inputs(run: dict, base: str, add: Adder) -> list:
    """Texts and models that a run read, by content id; of a named download its licence."""
    with open(reach.PACKAGE / "text" / "downloads.csv", newline="", encoding="utf-8") as file:
        downloads = {row["name"]: row for row in csv.DictReader(file)}
    inputs, card = [], run["card"]
    for name, value in run["inputs"].items():
        says = f"{name} of notebook {card.number}, not included"
        ids = [str(v) for v in value] if isinstance(value, list) else str(value)
        named = f"{base}-input-{quote(name)}"
        inputs.append(add(named, "CreativeWork", name=says, identifier=ids))
    for name in filter(downloads.get, map(str, run["parameters"].values())):
        row = downloads[name]
        about = {"name": name, "description": row["about"], "url": row["url"]}
        licence = row["licence"] or "not known"
        inputs.append(add(f"#{name}", "CreativeWork", license=licence, **about))
    if "installed" in run["parameters"].values():
        about = {"name": "installed text: that of packages in softwareRequirements"}
        about["license"] = "that of each package"
        manifest = "tables/corpus_sources.csv"
        at = {"@id": f"{run['notebook']}/{manifest}"} if manifest in run["files"] else None
        inputs.append(add(f"{base}-installed-text", "CreativeWork", subjectOf=at, **about))
    return inputs


def _review(row: dict[str, str], base: str, paper, add: Adder):
    """The verdict on a claim, with what the paper states and what was measured as values."""
    name, unit, values = f"{base}-claim-{quote(row['id'])}", row["unit"], []
    for which in ("published", "measured"):
        about = {"name": which, "value": _number(row[which]), "unitText": unit}
        if which == "measured":
            about |= {"minValue": _number(row["low"]), "maxValue": _number(row["high"])}
        values.append(add(f"{name}-{which}", "PropertyValue", propertyID=row["id"], **about))
    return add(
        name,
        "ClaimReview",
        name=f"{row['where']}: {row['verdict']}",
        identifier=row["id"],
        claimReviewed=row["claim"],
        itemReviewed=paper,
        reviewAspect=row["where"],
        reviewRating=add(f"#verdict-{quote(row['verdict'])}", "Rating", name=row["verdict"]),
        about=values,
        description=row["note"],
    )


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
