"""The style of the gallery and of notebook pages: one column on a phone, dark at night."""

# what a page may load and run: nothing, but the styles within it and what it adds to this
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

BASE = """
:root { color-scheme: light dark; --text: #22252a; --soft: #62676f; --page: #fff;
  --wash: #f4f4f0; --line: #e2e2dc; --link: #0b5cad; --good: #1a7f4b; --fair: #94690a;
  --open: #4759a6; --bad: #b3372b; --grey: #6c717a; --serif: Charter, "Bitstream Charter",
  "Iowan Old Style", "Source Serif 4", "Noto Serif", Cambria, Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas,
  "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --text: #dfe1e4; --soft: #9ba1aa; --page: #16181b;
  --wash: #1f2226; --line: #33373d; --link: #85b9f5; --good: #5cc98a; --fair: #dfb04a;
  --open: #9fb0f0; --bad: #f2877c; --grey: #9197a0; } }
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
.dataframe { border: 0; } .dataframe th, .dataframe td { border-width: 0 0 1px; text-align: right;
  padding: .3rem 0 .3rem 1.25rem; }
.dataframe :first-child:is(th, td) { padding-left: 0; }
.dataframe tbody th { color: var(--soft); font-weight: 400; }
.dataframe thead th { font-size: .8rem; }
details { margin: .5rem 0; }
summary { cursor: pointer; }
summary::marker { color: var(--soft); }
math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "Libertinus Math",
  "DejaVu Math TeX Gyre", math, serif; }
math .prime { font-family: Georgia, "Times New Roman", "DejaVu Serif", serif; }
math .over { border-top: .06em solid; padding-top: .12em; }
@media (max-width: 44rem) { body { padding: 1.25rem 1rem 3rem; } }
"""

# of claims and coverage, on other pages too
LEDGER = """
.kinds { display: grid; grid-template-columns: 10.5rem minmax(4rem, 14rem) 1fr; gap: .15rem 1rem;
  align-items: center; margin: .3rem 0; color: var(--soft); font-size: .85rem; }
.bar { display: flex; gap: 2px; height: 5px; }
.bar i { background: currentColor; border-radius: 2px; }
.coverage { list-style: none; padding: 0; font-size: .9rem; }
.coverage li { display: grid; grid-template-columns: 8rem 7.5rem 1fr; gap: .1rem 1rem;
  padding: .35rem 0; border-top: 1px solid var(--line); }
.coverage b { font-weight: 500; }
.counts { display: inline-flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
.badge { white-space: nowrap; }
.badge::before { content: ""; display: inline-block; width: .5em; height: .5em; margin-right: .4em;
  border-radius: 50%; background: currentColor; vertical-align: .08em; }
.good { color: var(--good); } .fair { color: var(--fair); } .bad { color: var(--bad); }
.open { color: var(--open); }
.grey { color: var(--grey); }
.ledger table { width: 100%; } .ledger td:nth-child(2) { min-width: 16rem; }
.ledger td:nth-child(3) small, .ledger td:nth-child(4) small { white-space: nowrap; }
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
  .kinds { grid-template-columns: 1fr; }
  .coverage li { grid-template-columns: 1fr 7rem; }
  .coverage li > :last-child { grid-column: 1 / -1; }
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
BASE += LEDGER

STYLE = """
body { max-width: 70rem; }
nav { margin-bottom: 1.5rem; font-size: .95rem; }
header h1 { font-size: 2.4rem; margin: 0; letter-spacing: -.01em; }
header > p { max-width: 44rem; margin: .4rem 0 1rem; font-size: 1.1rem; color: var(--soft); }
.number { color: var(--soft); font-weight: 400; margin-right: .35em; }
.entry { display: grid; grid-template: auto 1fr / minmax(0, 27rem) minmax(0, 1fr);
  gap: .5rem 2.5rem; border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 2.5rem; }
.entry > figure { grid-row: 1 / 3; grid-column: 1; }
.entry:not(:has(figure)) > * { grid-column: 1 / -1; }
.entry img { display: block; width: 100%; max-height: 22rem; object-fit: contain; padding: .5rem; }
.entry h2 { font-size: 1.5rem; margin: 0; }
.entry h2 a { color: inherit; text-decoration: none; }
.entry h2 a:hover { text-decoration: underline; }
.entry p { margin: .5rem 0; } .entry .sums { color: var(--soft); font-size: .85rem; }
main > h2 { font-size: 1.5rem; margin: 3.5rem 0 .5rem; }
.words { max-width: 44rem; font-size: 1.1rem; margin: 1.5rem 0; } .words p { margin: .5rem 0; }
.paper, .run { margin: .2rem 0; color: var(--soft); font-size: .95rem; }
.run a:first-of-type { font-weight: 600; }
.hero { margin-top: 1.5rem; }
.figures { display: grid; gap: 2.5rem 2rem; margin: 2.5rem 0; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); grid-auto-flow: dense; }
.figures .wide { grid-column: 1 / -1; }
figure a img { display: block; width: 100%; padding: .75rem; border: 1px solid var(--line); }
.hero a img { max-height: 40rem; object-fit: contain; }
main figcaption { margin-top: .6rem; font-size: .9rem; line-height: 1.5; }
main figcaption p { margin: 0; color: var(--text); max-width: 50rem; }
.files { font-size: .8rem; white-space: nowrap; } .files a { color: var(--soft); }
.tables > details, main > details { border-top: 1px solid var(--line); margin: 0;
  padding: .55rem 0; font-size: .95rem; }
.tables table, main > details table { margin: .75rem 0; }
.facts { width: auto; } .facts td:first-child { color: var(--soft); white-space: nowrap; }
.facts td { overflow-wrap: anywhere; }
.notice { border-left: 3px solid var(--bad); padding: .2rem .9rem; margin: 1rem 0;
  overflow-wrap: anywhere; }
@media (max-width: 44rem) {
  header h1 { font-size: 1.8rem; }
  .entry { display: block; margin-top: 1.75rem; padding-top: 1.75rem; }
  .entry h2 { font-size: 1.3rem; margin-bottom: .75rem; }
  figure a img { padding: .3rem; }
}
"""

PAGE_STYLE = """
:root { --keyword: #8a3b8f; --string: #2f6f4e; --number: #a2540a; --comment: #7b7f76; }
@media (prefers-color-scheme: dark) { :root { --keyword: #d39bdb; --string: #8fcfa8;
  --number: #e5ab6e; --comment: #8c9088; } }
body { max-width: 55rem; }
h1 { font-size: 2.2rem; margin: 0 0 1.5rem; letter-spacing: -.01em; }
h2 { font-size: 1.55rem; margin: 3.5rem 0 .75rem; }
h3 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; }
h1, h2, h3, p, ul, ol { max-width: 44rem; }
p { margin: .85rem 0; } li { margin: .2rem 0; }
p code, li code { background: var(--wash); padding: .1em .3em; border-radius: 3px; }
math[display=block] { margin: 1.1rem 0; padding: .3rem 0; overflow-x: auto; overflow-y: hidden;
  max-width: 44rem; font-size: 1.08em; }
pre { margin: 0; line-height: 1.5; }
.highlight { background: var(--wash); border-radius: 5px; padding: .8rem 1rem; margin: 1rem 0;
  overflow-x: auto; tab-size: 4; }
.highlight pre { width: max-content; }
.code { margin: 1rem 0; } .code .highlight { margin: .4rem 0 0; }
.code summary { color: var(--soft); font-size: .8rem; width: max-content; }
.jp-OutputArea-child { margin: 1rem 0; }
.jp-OutputArea-output { overflow-x: auto; }
.jp-RenderedText pre { font-size: .8rem; color: var(--soft); white-space: pre-wrap; }
.jp-RenderedImage img, .jp-RenderedHTML img { display: block; padding: .5rem; }
.jp-RenderedHTML figure { margin: .5rem 0; }
.jp-RenderedHTML figcaption { margin-top: .25rem; }
.jp-OutputArea-child:has(.jp-RenderedImage, .dataframe) + .jp-OutputArea-child:has(p:only-child) {
  margin: -.6rem 0 1.75rem; color: var(--soft); font-size: .9rem; line-height: 1.5; }
.jp-OutputArea-child:has(.jp-RenderedImage, .dataframe) + .jp-OutputArea-child p:only-child {
  margin: 0; }
.frames { display: none; } .scripted .frames { display: block; }
.scripted .frames + div { display: none; }
.frames label { display: flex; gap: .75rem; align-items: center; color: var(--soft); }
.frames input { flex: 1; max-width: 22rem; min-width: 6rem; accent-color: var(--link); }
.k, .kn, .kc, .kd, .kr, .ow { color: var(--keyword); }
.s, .s1, .s2, .sa, .sd, .si, .se, .sb, .sr { color: var(--string); }
.mi, .mf, .mh, .mb, .il { color: var(--number); }
.c, .c1, .cm, .ch { color: var(--comment); font-style: italic; }
.ansi-bold { font-weight: 600; } .ansi-red-fg, .ansi-red-intense-fg { color: var(--bad); }
.ansi-green-fg, .ansi-green-intense-fg { color: var(--good); }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: var(--fair); }
.ansi-blue-fg, .ansi-blue-intense-fg, .ansi-cyan-fg, .ansi-cyan-intense-fg { color: var(--link); }
@media (max-width: 44rem) {
  h1 { font-size: 1.75rem; } h2 { font-size: 1.35rem; margin-top: 2.5rem; }
  .highlight { margin-left: -1rem; margin-right: -1rem; border-radius: 0; }
  .jp-OutputArea-output img:is([width^="6"], [width^="7"], [width^="8"]) {
    max-width: 44rem !important; } }  /* a wide figure scrolls: its letters stay readable */
@media print { body { max-width: none; padding: 0; } .code, .scripted .frames { display: none; }
  .scripted .frames + div { display: block; } }
"""
