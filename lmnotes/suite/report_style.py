"""The style of the gallery: one column on a phone, dark where the reader's system is."""

STYLE = """
:root { color-scheme: light dark; --text: #1c2024; --soft: #60646c; --page: #fcfcfd; --card: #fff;
  --line: #e0e3e8; --link: #0b62c4; --good: #1a7f37; --fair: #8a6100; --bad: #b42318; --grey:
  #60646c; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --soft: #a0a6ae; --page: #14161a;
  --card: #1b1e23; --line: #30343b; --link: #7ab7ff; --good: #5bd27c; --fair: #e3b341; --bad:
  #ff8a80; --grey: #a0a6ae; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--text); background: var(--page);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap:
      anywhere; }
h1 { margin: .5rem 0 0; } h2 { margin: 0 0 .25rem; line-height: 1.25; } h3 { margin: 1.5rem 0
.5rem; } a { color: var(--link); } small { color: var(--soft); } cite { font-style: italic; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.25rem; margin: 1.5rem 0; }
.paper, .run { margin: .25rem 0; color: var(--soft); }
.figures { display: grid; gap: 1rem; margin: 1rem 0;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
figure { margin: 0; } figcaption { font-size: .9rem; margin-top: .25rem; }
figure img { width: 100%; height: auto; background: #fff; border: 1px solid var(--line); border-
radius: 6px; } .scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem;
width: 100%; overflow-wrap: normal; } th, td { text-align: left; vertical-align: top; padding:
.35rem .6rem; border-bottom: 1px solid var(--line); } th { font-weight: 600; white-space: nowrap;
} details { margin: .5rem 0; } summary { cursor: pointer; } .badge { display: inline-block;
padding: 0 .5em; border: 1px solid currentColor; border-radius: 1em;
  font-size: .8rem; font-weight: 400; white-space: nowrap; }
.good { color: var(--good); } .fair { color: var(--fair); } .bad { color: var(--bad); } .grey {
color: var(--grey); } .notice { border-left: 4px solid var(--bad); padding: .3rem .8rem; } @media
(max-width: 40rem) { body { padding: .5rem; } section { padding: .8rem; } }
"""
