/// How the pages look: in light and dark, on a phone and on paper.
enum ReportStyle {
  static let text = """
    :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif;
      --c0: #0072b2; --c1: #b84f00; --c2: #a63d7c; --c3: #007a57; --c4: #866000; --c5: #1f74ad; --c6: #7a3fd1; --c7: #5d5d5d;
      --paper: #fff; --ink: #1b1f24; --soft: #5b6570; --line: #d8dee4; --panel: #f6f8fa; }
    @media (prefers-color-scheme: dark) { :root {
      --c0: #58a6e8; --c1: #f0883e; --c2: #e08cc0; --c3: #3fb98a; --c4: #d9a23b; --c5: #79c0ff; --c6: #b392f0; --c7: #999;
      --paper: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --panel: #161b22; } }
    * { box-sizing: border-box; }
    body { max-width: 1320px; margin: 0 auto; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink); }
    h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.6rem; }
    header { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; align-items: baseline; }
    header span { color: var(--soft); } header .state { color: var(--c3); font-weight: 600; } header .stopped { color: var(--c1); }
    .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 0.8rem; margin: 1.2rem 0 0; }
    .facts div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 0.6rem 0.8rem; }
    .facts dt { color: var(--soft); font-size: 0.8rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
    .facts dd:first-of-type { font-weight: 600; font-size: 1.05rem; } .facts dd + dd { color: var(--soft); font-size: 0.85rem; }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 390px), 1fr)); gap: 1rem; }
    @media (min-width: 901px) { .charts:has(> :nth-child(4):last-child) { grid-template-columns: 1fr 1fr; } }
    svg.narrow { display: none; } @media (max-width: 900px) { svg.narrow { display: block; } svg.wide { display: none; } }
    .chart { margin: 0; padding: 0.6rem 0.8rem 0.2rem; border: 1px solid var(--line); border-radius: 8px; break-inside: avoid; }
    figcaption { display: flex; flex-wrap: wrap; gap: 0 0.6rem; align-items: baseline; }
    small, .note { color: var(--soft); font-size: 0.85rem; }
    .legend { margin-left: auto; display: flex; flex-wrap: wrap; gap: 0 0.9rem; font-size: 0.85rem; }
    .legend b { font-variant-numeric: tabular-nums; }
    svg { display: block; width: 100%; height: auto; font-size: 16px; } svg.wide { font-size: 13px; } svg text { fill: var(--soft); }
    svg .x { text-anchor: middle; } svg .y, svg .last { text-anchor: end; } svg line { stroke: var(--line); }
    svg polyline { fill: none; stroke-width: 2; stroke-linejoin: round; } svg .raw { stroke-width: 1; opacity: 0.35; }
    \(colours)
    svg rect { fill: transparent; } .tip line, .tip text { visibility: hidden; pointer-events: none; }
    .tip:hover line, .tip:hover text { visibility: visible; } .tip text { font-weight: 600; paint-order: stroke;
      stroke: var(--paper); stroke-width: 4px; } .tip line { stroke: var(--soft); }
    table { border-collapse: collapse; } th, td { text-align: left; padding: 0.25rem 1rem 0.25rem 0; vertical-align: top; }
    th { font-weight: normal; color: var(--soft); white-space: nowrap; } td { font-variant-numeric: tabular-nums; }
    .scroll { overflow-x: auto; } .scroll tr:first-child > * { font-weight: 600; color: var(--ink); }
    .sample { margin: 1rem 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; break-inside: avoid; }
    .sample blockquote { margin: 0; padding: 0.5rem 0.8rem; background: var(--panel); font-weight: 600; }
    .sample blockquote, .sample td { white-space: pre-wrap; overflow-wrap: anywhere; }
    .sample table { width: 100%; } .sample th { width: 6.5rem; padding-left: 0.8rem; }
    .sample tr + tr { border-top: 1px solid var(--line); } .reference td { color: var(--c3); }
    details { margin-top: 1rem; } summary { cursor: pointer; font-size: 1.15rem; font-weight: 600; }
    pre { overflow-x: auto; font-size: 0.85rem; background: var(--panel); padding: 0.8rem; border-radius: 8px; }
    @media (max-width: 600px) { svg { font-size: 18px; } .legend { margin-left: 0; width: 100%; } .sample th { width: 4.6rem; }
      .facts { grid-template-columns: 1fr 1fr; } body { padding: 1rem 0.7rem 2rem; } .sample th { white-space: normal; } }
    @media print { :root { color-scheme: light; font-size: 10.5pt; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb;
        --panel: #fff; --c0: #0072b2; --c1: #b84f00; --c2: #a63d7c; --c3: #007a57; --c4: #866000; --c5: #1f74ad; }
      body { max-width: none; padding: 0; } .charts { grid-template-columns: 1fr 1fr; gap: 0.5rem; }
      .charts .chart:only-child { grid-column: 1 / -1; } svg.wide { display: block; font-size: 20px; }
      svg.narrow { display: none; }
      h2 { break-after: avoid; margin-top: 1.2rem; } .sample { break-inside: auto; } tr { break-inside: avoid; }
      .scroll { overflow: visible; font-size: 0.85em; } .scroll table { width: 100%; }
      .scroll th, .scroll td { white-space: normal; overflow-wrap: anywhere; padding-right: 0.5rem; }
      pre { white-space: pre-wrap; overflow-wrap: anywhere; columns: 2; } .facts { grid-template-columns: repeat(3, 1fr); } svg { font-size: 19px; } }
    """

  private static let colours = (0..<Chart.colours).map { index in
    "svg polyline.c\(index) { stroke: var(--c\(index)); } svg circle.c\(index), svg tspan.c\(index) { fill: var(--c\(index)); } "
      + ".legend .c\(index) { color: var(--c\(index)); }"
  }.joined(separator: "\n")
}
