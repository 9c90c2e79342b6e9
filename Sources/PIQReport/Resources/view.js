function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const playLabel = (isPlaying) => (isPlaying ? "Pause" : "Play");

const view = {
  info: null,
  heads: [],
  panels: [],

  show(clip) {
    const info = JSON.parse(byId(`clip-${clip}`).textContent);
    this.info = info;
    byId("name").replaceChildren(element("bdi", { textContent: info.name }));
    byId("verdict").textContent = info.top
      .map((one) => `${one.label} ${percent(one.probability)}`).join(", ");
    if (info.top[0]?.label !== info.label) {
      byId("verdict").prepend(
        `Explained as ${info.label} (${percent(info.probability)}); heard as `);
    }
    if (info.known !== undefined) {
      byId("verdict").append(`; known ${info.known.toFixed(2)}`
        + (info.known < 0.5 ? ": perhaps none of the classes" : ""));
    }
    if (info.region) {
      const { start, end, low, high } = info.region;
      byId("verdict").append(`; carried by ${start.toFixed(2)} to ${end.toFixed(2)} s, `
        + `${Math.round(low)} to ${Math.round(high)} Hz`);
    }
    byId("origin").replaceChildren(element("bdi", { textContent: info.input }));
    byId("notes").replaceChildren();
    for (const note of info.notes) this.note(note);
    this.draw(clip, info);
    player.load(clip, info);
  },

  note(text) { byId("notes").append(element("li", { textContent: text })); },

  draw(clip, info) {
    const source = (name) =>
      `data:image/png;base64,${byId(`clip-${clip}-${name}`)?.textContent}`;
    [this.heads, this.panels] = [[], []];
    const figures = [];
    if (info.axes) {
      const kinds = [
        ["Input", "panel-input", "original"], ["Mask", "panel-mask", ""],
        ["Interpretation", "panel-interpretation", "interpretation"],
      ];
      for (const [title, name, sound] of kinds) {
        const alt = `Spectrogram over ${info.duration.toFixed(1)} s: ${title.toLowerCase()}`;
        const head = element("div", { className: "playhead" });
        const panel = element("div", { className: "panel" },
          element("img", { src: source(name), alt, draggable: false }),
          ...(info.region ? [this.box(info)] : []), head);
        const isLast = title === "Interpretation";
        const figure = element("figure", {}, element("figcaption", { textContent: title }),
          element("div", { className: "plot" }, this.frequencies(info.axes), panel,
            ...(isLast ? [this.times(info.axes)] : [])));
        figure.dataset.sound = sound;
        this.heads.push(head);
        this.panels.push(panel);
        figures.push(figure);
        panel.addEventListener("pointerdown", (event) => this.drag(event, panel));
      }
    } else if (byId(`clip-${clip}-figure`)) {
      figures.push(element("img", {
        src: source("figure"), alt: "Spectrograms of input, mask and interpretation",
      }));
    }
    byId("pictures").replaceChildren(...figures);
  },

  // What carried the class, on a panel.
  box({ axes, region }) {
    const box = element("div", { className: "box" });
    box.style.left = `${100 * (axes.start + axes.perSecond * region.start)}%`;
    box.style.width = `${100 * axes.perSecond * (region.end - region.start)}%`;
    box.style.bottom = `${100 * (axes.lowest + axes.perHertz * region.low)}%`;
    box.style.height = `${100 * axes.perHertz * (region.high - region.low)}%`;
    return box;
  },

  frequencies(axes) {
    const scale = element("div", { className: "frequencies" });
    axes.frequency.forEach(({ label, place }, i) => {
      const isLast = i === axes.frequency.length - 1;
      const mark = element("span", { textContent: isLast ? `${label} ${axes.unit}` : label });
      mark.style.bottom = `${100 * place}%`;
      scale.append(mark);
    });
    scale.setAttribute("aria-hidden", "true");
    return scale;
  },

  times(axes) {
    const scale = element("div", { className: "times" });
    axes.time.forEach(({ label, place }) => {
      const mark = element("span", { textContent: `${label} s` });
      mark.style.left = `${100 * place}%`;
      scale.append(mark);
    });
    scale.setAttribute("aria-hidden", "true");
    return scale;
  },

  // Follows the pointer over a panel.
  drag(event, panel) {
    if (event.button !== 0) return;
    const seek = ({ clientX }) => {
      const { left, width } = panel.getBoundingClientRect();
      const { start, perSecond } = this.info.axes;
      player.seek(((clientX - left) / width - start) / perSecond);
    };
    panel.setPointerCapture(event.pointerId);
    panel.onpointermove = seek;
    panel.onpointerup = panel.onpointercancel = () => { panel.onpointermove = null; };
    seek(event);
  },

  // Where the player stands, on all that shows it.
  paint() {
    const { info } = this;
    if (!info) return;
    const position = player.position();
    if (info.axes) {
      const place = `${100 * (info.axes.start + info.axes.perSecond * position)}%`;
      for (const head of this.heads) head.style.left = place;
    }
    const text = `${position.toFixed(2)} s of ${player.duration.toFixed(2)} s`;
    if (byId("time").textContent !== text) {
      byId("time").textContent = text;
      byId("seek").value = position;
      byId("seek").setAttribute("aria-valuetext", text);
    }
  },

  // What changes when something was pressed.
  update() {
    const hasSound = player.available.length > 0;
    const play = byId("play");
    play.disabled = byId("seek").disabled = !hasSound;
    play.classList.toggle("playing", player.isPlaying);
    play.setAttribute("aria-label", playLabel(player.isPlaying));
    byId("seek").max = player.duration;
    for (const button of document.querySelectorAll("[data-sound][aria-pressed]")) {
      const { sound } = button.dataset;
      button.disabled = !player.available.includes(sound);
      button.setAttribute("aria-pressed", String(hasSound && sound === player.sound));
    }
    for (const figure of document.querySelectorAll("figure")) {
      figure.classList.toggle("active", hasSound && figure.dataset.sound === player.sound);
    }
    this.paint();
    if (player.isPlaying && !this.isPainting) this.animate();
  },

  animate() {
    this.isPainting = player.isPlaying;
    this.paint();
    if (player.isPlaying) requestAnimationFrame(() => this.animate());
  },
};

player.changed = () => view.update();
byId("play").addEventListener("click", () => player.toggle());
byId("seek").addEventListener("input", () => player.seek(byId("seek").valueAsNumber));
byId("repeat").addEventListener("change", () => player.repeat(byId("repeat").checked));
for (const button of document.querySelectorAll("[data-sound][aria-pressed]")) {
  button.addEventListener("click", () => {
    const { sound } = button.dataset;
    if (sound === player.sound) return player.toggle();
    player.choose(sound);
    player.play();
  });
}
