"""The style of the gallery and of notebook pages: one column on a phone, dark at night."""

BASE = """
:root { color-scheme: light dark; --text: #22252a; --soft: #62676f; --page: #fff;
  --wash: #f4f4f0; --line: #e2e2dc; --link: #0b5cad; --good: #1a7f4b; --fair: #94690a;
  --bad: #b3372b; --grey: #6c717a; --serif: Charter, "Bitstream Charter", "Iowan Old Style",
  "Source Serif 4", "Noto Serif", Cambria, Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas,
  "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --text: #dfe1e4; --soft: #9ba1aa; --page: #16181b;
  --wash: #1f2226; --line: #33373d; --link: #85b9f5; --good: #5cc98a; --fair: #dfb04a;
  --bad: #f2877c; --grey: #9197a0; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 5rem; color: var(--text); background: var(--page);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: break-word; }
h1, h2, h3, h4 { font-family: var(--serif); font-weight: 600; line-height: 1.25; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em;
  text-decoration-color: color-mix(in srgb, currentColor 35%, transparent); }
a:hover { text-decoration-color: currentColor; }
small, figcaption { color: var(--soft); font-size: .85rem; }
code, pre { font-family: var(--mono); font-size: .85em; }
figure { margin: 0; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
@media (prefers-color-scheme: dark) { img { filter: brightness(.92); } }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.45;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
.n { text-align: right; }
details { margin: .5rem 0; }
summary { cursor: pointer; }
summary::marker { color: var(--soft); }
math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "Libertinus Math",
  "DejaVu Math TeX Gyre", math, serif; }
math .prime { font-family: Georgia, "Times New Roman", "DejaVu Serif", serif; }
math .over { border-top: .06em solid; padding-top: .12em; }
.counts { display: inline-flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
.badge { white-space: nowrap; }
.badge::before { content: ""; display: inline-block; width: .5em; height: .5em; margin-right: .4em;
  border-radius: 50%; background: currentColor; vertical-align: .08em; }
.good { color: var(--good); } .fair { color: var(--fair); } .bad { color: var(--bad); }
.grey { color: var(--grey); }
.ledger table { width: 100%; table-layout: fixed; }
.ledger tr > :nth-child(1) { width: 6.5rem; } .ledger tr > :nth-child(3) { width: 8rem; }
.ledger tr > :nth-child(4) { width: 10rem; } .ledger tr > :nth-child(5) { width: 12rem; }
.ledger > table ~ table thead { display: none; }
.ledger td:last-child { padding-right: 0; }
.ledger tbody th { color: var(--soft); font-weight: 400; }
.ledger tr:not(.first) th { border-bottom-color: transparent; }
.ledger tr:not(:last-child):has(+ tr:not(.first)) th { border-bottom-color: transparent; }
.ledger td small { display: block; font-size: .8rem; }
.ledger summary { padding: .4rem 0; font-size: .875rem; color: var(--soft); }
.ledger summary b { color: var(--text); font-weight: 500; margin-right: .5em; }
.ledger summary .counts { margin-left: .75em; }
.ledger .badge { font-size: .875rem; }
@media (max-width: 44rem) {
  body { padding: 1.25rem 1rem 3rem; }
  .ledger thead { display: none; }
  .ledger table, .ledger tbody { display: block; }
  .ledger tr { display: grid; grid-template-columns: 1fr 1fr; gap: .15rem 1rem; padding: .7rem 0;
    border-bottom: 1px solid var(--line); }
  .ledger tbody th, .ledger td { border: 0; padding: 0; width: auto !important; }
  .ledger tbody th, .ledger td:nth-child(2), .ledger td:nth-child(5) { grid-column: 1 / -1; }
  .ledger tbody th:empty { display: none; }
  .ledger td[data-label]::before { content: attr(data-label) " "; font-size: .8rem;
    color: var(--soft); }
  .ledger td[data-label=Published] > small { display: inline; }
}
"""

STYLE = (
    BASE
    + """
body { max-width: 70rem; }
header h1 { font-size: 2.4rem; margin: 0; letter-spacing: -.01em; }
header p { max-width: 36rem; margin: .4rem 0 2rem; font-size: 1.1rem; color: var(--soft); }
.contents { border-top: 1px solid var(--line); }
.entry { display: flex; gap: 1.5rem; align-items: center; padding: 1rem 0; color: inherit;
  border-bottom: 1px solid var(--line); text-decoration: none; }
.entry img { width: 9rem; height: 6.5rem; object-fit: contain; padding: .25rem; flex: none; }
.entry > span { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: .2rem; }
.entry strong { font: 600 1.2rem/1.3 var(--serif); }
.entry:hover strong { text-decoration: underline; text-decoration-thickness: 1px; }
.entry .badge { font-size: .85rem; }
.number { color: var(--soft); font-weight: 400; margin-right: .35em; }
.bar { display: flex; gap: 2px; height: 5px; max-width: 30rem; margin: .3rem 0; }
.bar i { background: currentColor; border-radius: 2px; }
section { margin-top: 5rem; }
section > h2 { font-size: 1.9rem; margin: 0 0 .5rem; }
section > h3 { font-size: 1.25rem; margin: 3rem 0 .5rem; }
.paper, .run { margin: .2rem 0; color: var(--soft); font-size: .95rem; }
.run a:first-of-type { font-weight: 600; }
.figures { display: grid; gap: 2.5rem 2rem; margin: 2.5rem 0 0; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); grid-auto-flow: dense; }
.figures .wide { grid-column: 1 / -1; }
.figures a img { display: block; width: 100%; padding: .75rem; border: 1px solid var(--line); }
.figures figcaption { margin-top: .6rem; font-size: .9rem; line-height: 1.5; }
.figures figcaption p { margin: 0; color: var(--text); }
.files { font-size: .8rem; white-space: nowrap; } .files a { color: var(--soft); }
.tables > details, section > details { border-top: 1px solid var(--line); margin: 0;
  padding: .55rem 0; font-size: .95rem; }
.tables table, section > details table { margin: .75rem 0; }
.facts { width: auto; } .facts td:first-child { color: var(--soft); white-space: nowrap; }
.facts td { overflow-wrap: anywhere; }
.notice { border-left: 3px solid var(--bad); padding: .2rem .9rem; margin: 1rem 0;
  overflow-wrap: anywhere; }
@media (max-width: 44rem) {
  header h1 { font-size: 2rem; } section { margin-top: 3.5rem; } section > h2 { font-size: 1.5rem; }
  .entry { align-items: flex-start; gap: 1rem; } .entry img { width: 5rem; height: 4rem; }
  .figures a img { padding: .4rem; }
}
"""
)
