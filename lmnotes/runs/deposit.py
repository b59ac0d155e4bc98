"""What a deposit of runs says: claims, software, texts and papers as entities of schema.org; its
CITATION.cff, and metadata as Zenodo reads them."""

import csv
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import lmnotes
from lmnotes.runs import reach

MIT = "https://spdx.org/licenses/MIT"
AUTHORS = ["the lmnotes authors"]
LICENCE = (
    "The licence is that of the notebooks, their text, and what they drew and measured. Texts and "
    "models that the numbers come from are not included and have licences of their own; words and "
    "short passages of them that figures and tables show stay their authors'."
)
SCRUBBED = (
    "In what is not a picture, names of the user and the machine, and paths of its folders, are "
    "replaced by words such as {home}; a name of fewer than four letters, and a path of another "
    "machine outside its homes and temporary folders, are not known for what they are."
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


def add(crate: Any, name: str, kind: str | list[str], /, **about: Any) -> Any:
    """The crate's entity with this id, made of the properties that are not empty."""
    kept = {key: value for key, value in about.items() if value not in (None, "", [])}
    return crate.get(name) or crate.add_jsonld({"@id": name, "@type": kind, **kept})


def describe(crate: Any, runs: list[dict], authors: Sequence[str]) -> dict[str, str]:
    """Give the whole its title, date, licence and authors; the text of CITATION.cff and
    .zenodo.json, which say the same. Both are JSON, which is YAML too.

    authors: "Family, Given" of a person; a name without a comma is that of a group.
    """
    root, papers = crate.root_dataset, [run["card"].paper for run in runs]
    numbers = ", ".join(run["card"].number for run in runs)
    dirty = [run["card"].number for run in runs if run["git"]["dirty"] is not False]
    state = "The source of each run is a commit."
    if dirty:
        state = f"NOT FROM A COMMIT: {', '.join(dirty)} ran with changed or unknown sources."
    said = "Figures, tables, executed notebooks, and claims with verdicts, of the papers: "
    said += "; ".join(paper["title"] for paper in papers)
    said += f". Made by lmnotes {lmnotes.__version__}. {state} {LICENCE} {SCRUBBED}"
    root["name"] = f"Papers on embeddings and language models, rerun: notebook {numbers}"
    root["datePublished"] = max(run["ended"] for run in runs)[:10]
    root["creativeWorkStatus"], root["description"] = state, said
    root["license"] = add(crate, MIT, "CreativeWork", name="MIT License", description=LICENCE)
    root["author"] = [
        add(crate, f"#{quote(name)}", "Person" if "," in name else "Organization", name=name)
        for name in authors
    ]
    shared = {"title": root["name"], "version": lmnotes.__version__, "license": "MIT"}
    citation: dict = {"cff-version": "1.2.0", "message": "Cite the papers, and this deposit."}
    citation |= shared | {"type": "dataset", "date-released": root["datePublished"]}
    citation |= {"authors": [_cited(name) for name in authors]}
    references = [
        {"type": "article", "title": paper["title"]}
        | {"authors": [{"name": name} for name in _authors(paper)]}
        | {key: paper[key] for key in ("doi", "year") if paper.get(key)}
        for paper in papers
    ]
    zenodo: dict = shared | {"upload_type": "dataset", "publication_date": root["datePublished"]}
    zenodo |= {"creators": [{"name": name} for name in authors], "description": said}
    links = [link for paper in papers for link in _links(paper)]
    zenodo["related_identifiers"] = [{"identifier": k, "relation": "references"} for k in links]
    texts = {"CITATION.cff": citation | {"references": references}, ".zenodo.json": zenodo}
    return {k: json.dumps(v, indent=1, ensure_ascii=False) + "\n" for k, v in texts.items()}


def _cited(name: str) -> dict[str, str]:
    family, comma, given = (part.strip() for part in name.partition(","))
    return {"family-names": family, "given-names": given} if comma else {"name": name}


def _authors(paper: dict) -> list[str]:
    """The names of a card's authors, one each."""
    names = paper.get("authors", ())
    return re.split(r", | and ", names) if isinstance(names, str) else list(names)


def _links(paper: dict) -> list[str]:
    sites = (("doi", "https://doi.org/"), ("arxiv", "https://arxiv.org/abs/"))
    return [site + str(paper[key]) for key, site in sites if paper.get(key)]


def entities(crate: Any, run: dict) -> tuple:
    """The action that made a run, the reviews of its claims, and the paper."""
    card, base, links = run["card"], f"#{run['card'].number}", _links(run["card"].paper)
    people = [add(crate, f"#{quote(n)}", "Person", name=n) for n in _authors(card.paper)]
    about = {"name": card.paper["title"], "datePublished": str(card.paper.get("year", ""))}
    about |= {"author": people, "identifier": links}
    paper = add(crate, (links or [f"{base}-paper"])[0], "ScholarlyArticle", **about)
    packages = [
        add(crate, f"#{name}-{quote(of)}", "SoftwareApplication", name=name, softwareVersion=of)
        for name, of in {"lmnotes": lmnotes.__version__, **run["versions"]}.items()
    ]
    commit = run["git"]["commit"] or "unknown"
    about = {"name": f"{run['notebook']}.ipynb of lmnotes", "isBasedOn": paper, "license": MIT}
    about |= {"softwareVersion": f"commit {commit}" + (", changed" if run["git"]["dirty"] else "")}
    about |= {"softwareRequirements": packages}
    kinds = ["SoftwareApplication", "SoftwareSourceCode"]
    action = add(
        crate,
        f"{base}-run-{run['run_id']}",
        "CreateAction",
        name=f"{run['notebook']} at the profile {run['profile']}",
        description=f"It took {run['seconds']:.0f} seconds, with {run['threads']} thread(s).",
        startTime=run["started"],
        endTime=run["ended"],
        actionStatus="http://schema.org/CompletedActionStatus",
        instrument=add(crate, f"{base}-notebook", kinds, **about),
        object=_inputs(crate, run, base),
    )
    return action, [_review(crate, row, base, paper) for row in run["claims"]], paper


def _inputs(crate: Any, run: dict, base: str) -> list:
    """Parameters, and the texts and models that a run read, by content id; a download's licence."""
    with open(reach.PACKAGE / "text" / "downloads.csv", newline="", encoding="utf-8") as file:
        downloads = {row["name"]: row for row in csv.DictReader(file)}
    inputs, values = [], run["parameters"].values()
    for name, value in run["inputs"].items():
        says = f"{name} of notebook {run['card'].number}, not included"
        ids = [str(v) for v in value] if isinstance(value, list) else str(value)
        named = f"{base}-input-{quote(name)}"
        inputs.append(add(crate, named, "CreativeWork", name=says, identifier=ids))
    for name in filter(downloads.get, map(str, values)):
        row = downloads[name]
        about = {"name": name, "description": row["about"], "url": row["url"]}
        about["license"] = row["licence"] or "not known"
        inputs.append(add(crate, f"#{name}", "CreativeWork", **about))
    if "installed" in values:
        about = {"name": "installed text: that of packages in softwareRequirements"}
        about["license"] = "that of each package"
        sources = "tables/corpus_sources.csv"
        at = {"@id": f"{run['notebook']}/{sources}"} if sources in run["files"] else None
        named = f"{base}-installed-text"
        inputs.append(add(crate, named, "CreativeWork", subjectOf=at, **about))
    for name, value in run["parameters"].items():
        about = {"value": value if isinstance(value, int | float | str) else json.dumps(value)}
        named = f"{base}-parameter-{name}"
        inputs.append(add(crate, named, "PropertyValue", name=name, **about))
    return inputs


def _review(crate: Any, row: dict[str, str], base: str, paper: Any) -> Any:
    """The verdict on a claim, with what the paper states and what was measured as values."""
    name, values = f"{base}-claim-{quote(row['id'])}", []
    for which in ("published", "measured"):
        about = {"name": which, "value": _number(row[which]), "unitText": row["unit"]}
        if which == "measured":
            about |= {"minValue": _number(row["low"]), "maxValue": _number(row["high"])}
        named = f"{name}-{which}"
        values.append(add(crate, named, "PropertyValue", propertyID=row["id"], **about))
    verdict = f"#verdict-{quote(row['verdict'])}"
    return add(
        crate,
        name,
        "ClaimReview",
        name=f"{row['where']}: {row['verdict']}",
        identifier=row["id"],
        claimReviewed=row["claim"],
        itemReviewed=paper,
        reviewAspect=row["where"],
        reviewRating=add(crate, verdict, "Rating", name=row["verdict"]),
        about=values,
        description=row["note"],
    )


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
