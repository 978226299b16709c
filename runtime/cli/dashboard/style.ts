/** The one style sheet: light and dark as the reader's system has it, no font and no picture from elsewhere. */
export const style = `:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b2129; --dim: #5a6573; --line: #dfe3e8;
  --ok: #14713d; --note: #8a5a00; --fault: #b3261e; --bar: #2f6fb5; --link: #1d5fa8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --card: #1b2129; --text: #e6eaef; --dim: #9aa6b4; --line: #313a45;
    --ok: #6fcf97; --note: #f0b849; --fault: #ff8a80; --bar: #6ea8e5; --link: #8bbcf0;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
a { color: var(--link); }
a.skip { position: absolute; left: -999em; }
a.skip:focus { left: 1rem; top: .5rem; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
header, main, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
header p, .dim, footer { color: var(--dim); }
header p { margin: .2rem 0 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding: 0; margin: .7rem 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 1.2rem 0; padding: 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
.tiles dt { color: var(--dim); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: 0 0 1.1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--dim); font-weight: 500; font-size: .85rem; white-space: nowrap; }
tbody th { font-weight: 600; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.mark { font-weight: 600; white-space: nowrap; }
.ok { color: var(--ok); } .note { color: var(--note); } .fault { color: var(--fault); }
code { font: .92em ui-monospace, monospace; }
td time, th code, td > code { white-space: nowrap; }
td > .small { display: inline-block; min-width: 15rem; }
.mend { overflow-wrap: anywhere; }
.small { font-size: .88rem; }
p.why { margin: 0 0 .6rem; }
svg.bars { display: block; width: 100%; max-width: 42rem; height: auto; }
svg.bars rect { fill: var(--bar); }
svg.bars text { fill: var(--dim); font: 11px system-ui, sans-serif; }
svg.bars line { stroke: var(--line); }
figure { margin: 0 0 1rem; }
figcaption { margin-bottom: .3rem; }
footer { padding-bottom: 2rem; font-size: .88rem; }
`;
