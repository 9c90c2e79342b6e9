/// How the page looks: light or dark as the reader's system is, in one column on narrow screens.
enum PageStyle {
  static let text = """
    :root {
      --page: #fbfbfa; --card: #ffffff; --ink: #1d1f24; --pale: #5c6270; --line: #d9dbe1;
      --accent: #1d5fa8; --on-accent: #ffffff; --tint: #e6eef8; --share: 0%;
      color-scheme: light dark;
      font: 16px/1.45 system-ui, "DejaVu Sans", sans-serif;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #15171b; --card: #1d2026; --ink: #e8eaee; --pale: #a3aab8; --line: #3a3f4a;
        --accent: #8cbcf2; --on-accent: #10151c; --tint: #26354a;
      }
    }
    * { box-sizing: border-box; }
    body { margin: 0; padding: 1rem; background: var(--page); color: var(--ink); }
    [hidden] { display: none !important; }
    header { display: flex; gap: 1rem; align-items: flex-start; justify-content: space-between;
      margin-bottom: 1rem; }
    h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
    p { margin: 0; }
    header p, #origin, #shown, #time, #notes { color: var(--pale); font-size: 0.9rem; }
    .notice { padding: 0.5rem 1rem; border: 1px solid var(--line); margin-bottom: 1rem; }
    main { display: grid; grid-template-columns: minmax(20rem, 2fr) minmax(24rem, 3fr);
      gap: 1rem; align-items: start; }
    section { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem;
      padding: 1rem; min-width: 0; }
    button, input, select { font: inherit; color: inherit; }
    button, select, input[type=search], input[type=number] { background: var(--card);
      border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.35rem 0.65rem; }
    button { cursor: pointer; }
    button:hover:not(:disabled) { border-color: var(--accent); }
    button:disabled { opacity: 0.45; cursor: default; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
    kbd { font: 0.8em ui-monospace, "DejaVu Sans Mono", monospace; border: 1px solid currentcolor;
      border-radius: 0.25rem; padding: 0 0.3em; opacity: 0.75; }

    #filters { display: grid; grid-template-columns: 1fr 1fr; gap: 0.6rem; align-items: end; }
    #filters label { display: block; min-width: 0; font-size: 0.9rem; color: var(--pale); }
    #filters input[type=search], #filters select { display: block; width: 100%; height: 2.3rem;
      color: var(--ink); font-size: 1rem; }
    #filters fieldset { border: 0; margin: 0; padding: 0; color: var(--pale); font-size: 0.9rem;
      white-space: nowrap; }
    #filters legend { padding: 0; }
    #filters input[type=number] { width: 5.2rem; color: var(--ink); font-size: 1rem; }
    #filters button { justify-self: end; }
    #shown { margin: 0.6rem 0 0.3rem; }
    .scroll { overflow: auto; max-height: calc(100vh - 19rem); min-height: 12rem;
      border: 1px solid var(--line); border-radius: 0.4rem; }
    table { border-collapse: collapse; width: 100%; font-size: 0.95rem; }
    th { position: sticky; top: 0; background: var(--card); text-align: left; z-index: 1;
      box-shadow: 0 1px var(--line); padding: 0; }
    th button { border: 0; border-radius: 0; background: none; padding: 0.45rem 0.6rem; width: 100%;
      text-align: inherit; font-weight: 600; white-space: nowrap; }
    th[aria-sort=ascending] button::after { content: " ↑"; }
    th[aria-sort=descending] button::after { content: " ↓"; }
    td { padding: 0.15rem 0.6rem; border-top: 1px solid var(--line); }
    td:first-child { padding-left: 0; overflow-wrap: anywhere; }
    tbody tr { cursor: pointer; }
    tbody tr:hover { background: color-mix(in srgb, var(--tint) 50%, transparent); }
    tbody tr[aria-current] { background: var(--tint); box-shadow: inset 4px 0 var(--accent); }
    .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
    .share { background: linear-gradient(var(--accent), var(--accent)) left bottom / var(--share)
      3px no-repeat; }
    .pick { border: 0; background: none; text-align: left; padding: 0.35rem 0.6rem;
      outline-offset: -3px; }

    #player { position: sticky; top: 1rem; }
    #origin { overflow-wrap: anywhere; }
    #transport { display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: center;
      margin: 0.8rem 0 0.4rem; }
    #transport [role=group] { display: flex; gap: 0.35rem; flex-wrap: wrap; }
    #transport svg { width: 1em; height: 1em; fill: currentcolor; vertical-align: -0.12em; }
    #play { padding-inline: 1.1rem; }
    #play:not(:disabled), #sounds [aria-pressed=true]:not(:disabled) { background: var(--accent);
      color: var(--on-accent); border-color: var(--accent); }
    #play .when-playing, #play.playing .when-paused { display: none; }
    #play.playing .when-playing { display: inline; }
    .check { white-space: nowrap; }
    #time { margin-left: auto; font-variant-numeric: tabular-nums; white-space: nowrap; }
    #seek { width: 100%; margin: 0 0 0.3rem; accent-color: var(--accent); }
    figure { margin: 0 0 0.5rem; }
    figcaption { font-size: 0.9rem; margin-left: 3rem; }
    figure.active figcaption { font-weight: 600; color: var(--accent); }
    .plot { display: grid; grid-template-columns: 3rem 1fr; font-size: 0.75rem;
      color: var(--pale); font-variant-numeric: tabular-nums; }
    .frequencies, .times { position: relative; }
    .frequencies span { position: absolute; right: 0.45rem; transform: translateY(50%);
      white-space: nowrap; }
    .times { grid-column: 2; height: 1.5rem; }
    .times span { position: absolute; top: 0.15rem; transform: translateX(-50%);
      white-space: nowrap; }
    .panel { position: relative; overflow: hidden; border: 1px solid var(--line); cursor: pointer;
      touch-action: pan-y; height: clamp(6rem, calc((100vh - 26rem) / 3), 12rem); }
    .panel img { display: block; width: 100%; height: 100%; }
    .playhead { position: absolute; top: 0; bottom: 0; left: 0; width: 2px; margin-left: -1px;
      background: #ffffff; box-shadow: 0 0 0 1px #000000; pointer-events: none; }
    #pictures > img { max-width: 100%; background: #ffffff; }
    #notes { padding-left: 1.2rem; margin: 0.4rem 0 0; overflow-wrap: anywhere; }
    #notes:empty { display: none; }
    dialog { border: 1px solid var(--line); border-radius: 0.6rem; background: var(--card);
      color: var(--ink); max-width: min(32rem, 92vw); }
    dialog::backdrop { background: rgb(0 0 0 / 0.45); }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 0.4rem 1rem; }
    dd { margin: 0; }
    dialog form { text-align: right; margin-top: 0.8rem; }

    @media (max-width: 58rem) {
      body { padding: 0.6rem; }
      main { grid-template-columns: minmax(0, 1fr); }
      section { padding: 0.7rem; }
      .scroll { max-height: 15rem; min-height: 0; }
      #player { position: static; }
      .panel { height: 7rem; }
      .plot { grid-template-columns: 2.2rem 1fr; }
      figcaption { margin-left: 2.2rem; }
      #transport { gap: 0.5rem; }
      button { min-height: 2.6rem; }
      td, th button { padding-inline: 0.4rem; }
      .number { padding-left: 0.2rem; }
      .check input { width: 1.3rem; height: 1.3rem; vertical-align: -0.25rem; }
    }
    @media (max-width: 32rem) {
      /* There is no room, and seldom a keyboard. */
      button kbd { display: none; }
      #filters input[type=number] { width: 4.2rem; padding-inline: 0.4rem; }
      #sounds { flex: 1 0 100%; }
      #sounds button { flex: 1; padding-inline: 0.2rem; }
      table { font-size: 0.9rem; }
      th:nth-child(4), td:nth-child(4) { display: none; }
    }
    """
}
