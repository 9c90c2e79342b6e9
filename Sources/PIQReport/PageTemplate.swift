/// The page up to the clips' data. `{{…}}` is escaped; only what this room wrote itself goes in
/// unescaped.
enum PageTemplate {
  static let text = #"""
    {{% CONTENT_TYPE: PAGE}}<!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \#
    style-src 'unsafe-inline'; script-src 'sha256-{{scriptHash}}'; base-uri 'none'; \#
    form-action 'none'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{{title}}</title>
    <style>{{{style}}}</style>
    </head>
    <body>
    <header>
      <div>
        <h1><bdi>{{title}}</bdi></h1>
        <p>{{clipCount}}, explained by piq-audio with the model <bdi>{{models}}</bdi></p>
      </div>
      <button type="button" id="help-button" aria-haspopup="dialog">Keys <kbd>?</kbd></button>
    </header>
    <noscript><p class="notice">To play and filter, this page needs JavaScript.</p></noscript>
    <main>
    <section id="list" aria-label="Clips">
      <form id="filters" role="search" aria-label="Filter clips">
        <label class="wide">Path
          <input type="search" id="filter-text" placeholder="part of a path" autocomplete="off">
        </label>
        <label class="wide">Class
          <select id="filter-class">
            <option value="">all classes</option>
    {{#classes}}
            <option value="{{className}}">{{className}} ({{classCount}})</option>
    {{/classes}}
          </select>
        </label>
        <fieldset>
          <legend>Confidence in %</legend>
          <input type="number" id="filter-least" min="0" max="100" step="any" value="0" \#
    aria-label="Confidence from, in per cent">
          to
          <input type="number" id="filter-most" min="0" max="100" step="any" value="100" \#
    aria-label="Confidence up to, in per cent">
        </fieldset>
        <button type="reset">Show all</button>
      </form>
      <p id="shown" role="status">{{clipCount}}</p>
      <div class="scroll" role="region" aria-label="Table of clips" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col" aria-sort="ascending"><button type="button" data-key="name">\#
    Clip</button></th>
              <th scope="col"><button type="button" data-key="label">Class</button></th>
              <th scope="col" class="number"><button type="button" data-key="probability">\#
    Confidence</button></th>
              <th scope="col" class="number"><button type="button" data-key="duration">\#
    Seconds</button></th>
            </tr>
          </thead>
          <tbody id="rows">
    {{#rows}}{{>row}}{{/rows}}
          </tbody>
        </table>
      </div>
    </section>
    <section id="player" aria-label="Player">
      <div id="about">
        <h2 id="name"></h2>
        <p id="verdict"></p>
        <p id="origin"></p>
        <ul id="notes"></ul>
      </div>
      <div id="transport">
        <div role="group" aria-label="Playback">
          <button type="button" id="previous" aria-label="Previous clip" title="Previous clip (↑)">\#
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 2h2v12H3zM14 2v12L6 8z"/></svg></button>
          <button type="button" id="play" aria-label="Play" title="Play or pause (space)">\#
    <svg viewBox="0 0 16 16" aria-hidden="true"><path class="when-paused" d="M3 1l11 7-11 7z"/>\#
    <path class="when-playing" d="M3 2h4v12H3zM9 2h4v12H9z"/></svg></button>
          <button type="button" id="next" aria-label="Next clip" title="Next clip (↓)">\#
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M11 2h2v12h-2zM2 2v12l8-6z"/></svg></button>
        </div>
        <div role="group" aria-label="Sound" id="sounds">
          <button type="button" data-sound="original" aria-pressed="true"><kbd>1</kbd> \#
    Original</button>
          <button type="button" data-sound="interpretation" aria-pressed="false"><kbd>2</kbd> \#
    Interpretation</button>
          <button type="button" data-sound="rest" aria-pressed="false"><kbd>3</kbd> Rest</button>
        </div>
        <label class="check"><input type="checkbox" id="repeat"> Repeat</label>
        <p id="time" aria-live="off"></p>
      </div>
      <input type="range" id="seek" min="0" max="1" step="0.01" value="0" aria-label="Position">
      <div id="pictures"></div>
    </section>
    </main>
    <dialog id="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        <dt><kbd>space</kbd></dt><dd>play or pause</dd>
        <dt><kbd>1</kbd> <kbd>2</kbd> <kbd>3</kbd></dt>
        <dd>original, interpretation, the rest: also while playing</dd>
        <dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>back or on by 0.25 s, with shift by 1 s</dd>
        <dt><kbd>Home</kbd></dt><dd>to the beginning</dd>
        <dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>previous or next clip of the table</dd>
        <dt><kbd>r</kbd></dt><dd>repeat</dd>
        <dt><kbd>/</kbd></dt><dd>to the filter</dd>
        <dt><kbd>?</kbd></dt><dd>this help</dd>
      </dl>
      <p>The rest is the original minus the interpretation. A click on a spectrogram goes to that \#
    moment.</p>
      <form method="dialog"><button>Close</button></form>
    </dialog>

    """#

  static let row = #"""
    {{% CONTENT_TYPE: PAGE}}        <tr data-clip="{{index}}" data-name="{{name}}" \#
    data-input="{{input}}" data-label="{{label}}" data-probability="{{probability}}" \#
    data-duration="{{duration}}">
              <td><button type="button" class="pick"><bdi>{{name}}</bdi></button></td>
              <td><bdi>{{label}}</bdi></td>
              <td class="number share" style="--share: {{percent}}%">{{percent}} %</td>
              <td class="number">{{seconds}}</td>
            </tr>

    """#
}
