// The table: sorting, filters and the choice of a clip.
const rows = [...byId("rows").rows];
const collator = new Intl.Collator("en", { numeric: true });
const visible = () => [...byId("rows").rows].filter((row) => !row.hidden);

function filter() {
  const words = byId("filter-text").value.toLowerCase();
  const label = byId("filter-class").value;
  const number = (id, otherwise) => {
    const value = byId(id).valueAsNumber;
    return Number.isNaN(value) ? otherwise : value;
  };
  // As the table shows it: what reads 99.9 is found by 99.9.
  const [least, most] = [number("filter-least", 0), number("filter-most", 100)];
  for (const row of rows) {
    const data = row.dataset;
    const percent = Math.round(1000 * data.probability) / 10;
    row.hidden = !(`${data.name}\n${data.input}`.toLowerCase().includes(words)
      && (label === "" || data.label === label) && percent >= least && percent <= most);
  }
  const count = visible().length;
  byId("shown").textContent = count === rows.length
    ? `${count} ${count === 1 ? "clip" : "clips"}` : `${count} of ${rows.length} clips`;
}

function sort(header) {
  const key = header.querySelector("button").dataset.key;
  const isNumber = key === "probability" || key === "duration";
  const wasAscending = header.getAttribute("aria-sort") === "ascending";
  for (const other of document.querySelectorAll("th")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", wasAscending ? "descending" : "ascending");
  const sign = wasAscending ? -1 : 1;
  rows.sort((a, b) => sign * (isNumber
    ? a.dataset[key] - b.dataset[key] : collator.compare(a.dataset[key], b.dataset[key]))
    || a.dataset.clip - b.dataset.clip);
  byId("rows").append(...rows);
}

function choose(row) {
  if (!row || row.hasAttribute("aria-current")) return;
  for (const other of rows) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  row.scrollIntoView({ block: "nearest" });
  view.show(Number(row.dataset.clip));
}

function step(by) {
  const shown = visible();
  const index = shown.findIndex((row) => row.hasAttribute("aria-current"));
  const next = index < 0 ? (by > 0 ? 0 : shown.length - 1) : index + by;
  const row = shown[next];
  // Who steps with a row's button focused goes on with the next one's.
  const isInTable = document.activeElement?.closest("#rows");
  choose(row);
  if (row && isInTable) row.querySelector(".pick").focus();
}

byId("filters").addEventListener("input", filter);
byId("filters").addEventListener("reset", () => setTimeout(filter));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
for (const header of document.querySelectorAll("th")) {
  header.querySelector("button").addEventListener("click", () => sort(header));
}
byId("rows").addEventListener("click", (event) => choose(event.target.closest("tr")));
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("help-button").addEventListener("click", () => byId("help").showModal());

// Keys. Those that a field or a button has a use for stay with it.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const { target } = event;
  const isSlider = target.matches("input[type=range]");
  if (target.matches("input:not([type=range], [type=checkbox]), select")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const pause = event.shiftKey ? 1 : 0.25;
  const act = {
    " ": target.matches("button, [type=checkbox]") ? null : () => player.toggle(),
    ArrowLeft: isSlider ? null : () => player.seek(player.position() - pause),
    ArrowRight: isSlider ? null : () => player.seek(player.position() + pause),
    Home: isSlider ? null : () => player.seek(0),
    ArrowUp: isSlider ? null : () => step(-1),
    ArrowDown: isSlider ? null : () => step(1),
    1: () => player.choose("original"),
    2: () => player.choose("interpretation"),
    3: () => player.choose("residual"),
    r: () => byId("repeat").click(),
    "/": () => byId("filter-text").focus(),
    "?": () => byId("help").showModal(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

filter();
choose(visible()[0]);
