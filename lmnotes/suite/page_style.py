"""The style of a notebook's page: a column of text, with room for code and wide pictures."""

from lmnotes.suite.report_style import BASE

STYLE = (
    BASE
    + """
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
.dataframe { border: 0; } .dataframe th, .dataframe td { border-width: 0 0 1px; text-align: right;
  padding: .3rem 0 .3rem 1.25rem; }
.dataframe tbody th { color: var(--soft); font-weight: 400; padding-left: 0; }
.dataframe thead th { font-size: .8rem; }
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
  .highlight { margin-left: -1rem; margin-right: -1rem; border-radius: 0; } }
@media print { body { max-width: none; padding: 0; } .code { display: none; } }
"""
)
