"""The pages of the notebooks: from their cards, and from the best run of each in the outputs
folder (`$LMNOTES_OUTPUTS`), whose executed page is copied into the site."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from lmnotes import store
from lmnotes.notebook import card as cards
from lmnotes.notebook import parameters
from lmnotes.runs import gallery, style

PAGES = "notebooks"  # one folder for each, and their index
RUNS = "_runs"  # copied as it stands: what the pages show and link of a run
LEDGER_CSS = "ledger.css"

_INDEX = """# The notebooks

{% if n_run -%}
Each is the best run on the machine that built this site: the last at the `laptop` profile that \
ended well, else the last at any. A figure is the one that shows the paper's result.
{%- else -%}
None has run where this site was built: `make run` makes them all, and `make docs` puts them here.
{%- endif %}

```{raw} html
<div class="papers">
{% for paper in papers %}<div>
{% if paper.error %}<p class="notice">{{ paper.error }}</p>
{% else %}{% with at = paper.card.notebook %}
{% if paper.hero %}<a href="{{ at }}/index.html"><img loading="lazy" \
src="{{ at }}/run/{{ paper.picture }}" alt="{{ paper.hero.caption }}"></a>{% endif %}
<p><a href="{{ at }}/index.html"><b>{{ paper.card.number }}</b> {{ paper.card.title }}</a></p>
<p><cite>{{ paper.card.paper.title }}</cite></p>
<p class="sums">{{ paper.card.covered }}<br>{% if paper.run %}{{ paper.claims | counts }}\
{% else %}not run yet{% endif %}</p>
{% endwith %}{% endif %}</div>
{% endfor %}</div>
```

```{toctree}
:hidden:

{% for paper in papers if not paper.error %}{{ paper.card.notebook }}/index
{% endfor %}```
"""

_PAGE = """# {{ paper.card.number }} {{ paper.card.title }}

```{raw} html
<p><cite>{{ paper.source[1] }}</cite>. {{ paper.source[0] }}{{ ". " if paper.source[2] }}\
{{ paper.source[2] }}\
{%- for kind, address in paper.links %}. <a href="{{ address }}">{{ kind }}</a>{% endfor %}</p>
{% if paper.card.hero %}<p><b>The paper:</b> {{ paper.card.hero.found | prose }}</p>
{% if paper.run %}<p><b>Here:</b> {{ paper.here | prose }}</p>{% endif %}{% endif %}
{% if paper.run %}<p><a href="run/notebook.html"><b>Read the executed notebook</b></a>\
{% for name in paper.pages %} · <a href="run/{{ name | urlencode }}">{{ name[:-5] }}</a>\
{% endfor %} · {{ paper.run.profile }} profile, {{ paper.duration }}, \
{{ paper.run.started[:10] }}</p>
{% endif %}{% if paper.hero %}<figure class="hero"><img src="run/{{ paper.picture }}" \
width="{{ paper.hero.width }}" height="{{ paper.hero.height }}" alt="{{ paper.hero.caption }}">
<figcaption>{{ paper.hero.caption | math }}</figcaption></figure>{% endif %}
{% if paper.failed %}<p class="notice">The latest run ({{ paper.failed.profile }}) \
{{ paper.failed.status }}: <code>lmnotes run {{ paper.card.number }}</code> says why.</p>{% endif %}
```
{% if not paper.run %}
```{note}
Not run where this site was built. `lmnotes run {{ paper.card.number }}` makes it: about \
{{ minutes(paper.card.seconds) }} on two cores\
{% if paper.shared %}, and once about {{ minutes(paper.shared) }} for what it shares with other \
notebooks{% endif %}. Then `make docs` shows it here.
```
{% endif %}
## Run it again

```bash
lmnotes run {{ paper.card.number }}
{% for line in paper.calls %}{{ line | safe }}
{% endfor %}lmnotes lab {{ paper.card.number }}
```

```{raw} html
<details><summary>Profiles: {{ paper.card.profiles | join(", ") }}</summary>
<div class="scroll"><table class="settings"><thead><tr><th>profile</th><th>sets</th></tr></thead>
<tbody>{% for name, settings in paper.card.profiles.items() %}<tr><td><code>{{ name }}</code></td>\
<td>{% for key, value in settings.items() %}{{ ", " if not loop.first }}<code>{{ key }}</code> = \
{{ value }}{% else %}the defaults{% endfor %}</td></tr>
{% endfor %}</tbody></table></div></details>
<details><summary>Parameters: {{ paper.parameters | length }}</summary>
<div class="scroll"><table class="settings"><thead><tr><th>parameter</th><th>default</th>\
<th>range</th><th></th></tr></thead>
<tbody>{% for each in paper.parameters %}<tr><td><code>{{ each.name }}</code></td>\
<td>{{ each.default }}</td><td>{{ each.range }}</td><td>{{ each.comment }}</td></tr>
{% endfor %}</tbody></table></div></details>
```

## Claims

{% if paper.claims %}[What a verdict says](../../verdicts.md).

```{raw} html
{{ paper.claims | tally }}
{{ paper.claims | claims }}
```
{% else %}The card lists {{ paper.card.claims | length }} statements of the paper; a run measures \
them.
{% endif %}
{% if paper.card.coverage %}
## What of the paper is drawn here

```{raw} html
<p>{{ paper.card.covered | capitalize }}.</p><ul class="coverage">
{% for entry in paper.card.coverage %}<li><b>{{ entry.item }}</b>\
<span class="badge {{ states[entry.state] }}">{{ entry.state }}</span>\
<span>{{ entry.artefacts | join(", ") }}{{ ". " if entry.artefacts and entry.note }}\
{{ entry.note | prose }}\
{% if entry.parameter %}; parameter <code>{{ entry.parameter }}</code>{% endif %}</span></li>
{% endfor %}</ul>
```
{% endif %}
## In a class

{{ paper.card.exercises | length }} exercises, {{ paper.card.quizzes | length }} quizzes\
{% if paper.card.minutes %}; paths of {{ paper.card.minutes | join(" and ") }} minutes{% endif %}. \
[Teaching](../../teaching.md) says how.
"""


def write(folder: Path) -> None:
    """Write the pages below the site's folder of sources, anew."""
    for name in (PAGES, RUNS):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "_static" / LEDGER_CSS).write_text(style.LEDGER, encoding="utf-8")
    environment = gallery.environment()
    environment.globals["minutes"] = _minutes
    page, index = (environment.from_string(text) for text in (_PAGE, _INDEX))
    papers = gallery.papers()
    for paper in papers:
        if "error" not in paper:
            _add(paper, folder / RUNS / PAGES / paper["card"].notebook / "run")
            text = page.render(paper=paper)
            store.write_text(folder / PAGES / paper["card"].notebook / "index.md", text)
    n_run = sum(bool(paper.get("run")) for paper in papers)
    store.write_text(folder / PAGES / "index.md", index.render(papers=papers, n_run=n_run))
    (folder / RUNS).mkdir(exist_ok=True)


def _add(paper: dict, folder: Path) -> None:
    """Add to what is known of a paper what its page shows, and copy that from its run."""
    card = paper["card"]
    paper["parameters"], _ = parameters.declared(cards.find(card.notebook))
    paper["calls"] = _calls(card.number, card.profiles)
    paper["shared"] = sum(part.seconds for part in card.shared)
    if not paper["run"]:
        return
    run = paper["run"]["folder"]
    pages = sorted(path.name for path in run.glob("*.html"))
    paper["pages"] = [name for name in pages if name != "notebook.html"]
    folder.mkdir(parents=True)
    for name in pages:
        shutil.copy(run / name, folder)
    if paper["hero"]:
        shown = run.parent / paper["hero"]["shown"]
        paper["picture"] = shown.name
        shutil.copy(shown, folder)


def _calls(number: str, profiles: Mapping[str, dict]) -> list[str]:
    """The command lines that run a notebook at its other profiles, and with a parameter set."""
    says = {"smoke": "seconds, as the tests run it", "paper": "the paper's own setting"}
    says |= {"quick": "your own text", "hub": "small public models; not run by us"}
    lines = [f"lmnotes describe {number}"]
    for name in profiles:
        if name in says:
            setting = " -p corpus_name=novel.txt" if name == "quick" else ""
            lines.append(f"lmnotes run {number} --profile {name}{setting}  # {says[name]}")
    return lines


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
