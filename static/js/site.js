// site.js: what makes a page nicer for those whose browser runs it. Each part stands alone, and every
// page works without. Markup asks for a behaviour by attribute:
//   data-in-place   on a form with method get: its answer replaces <main> without leaving the page, and so
//                   do links to the same page inside .tally, .chips, .pager and table headings
//   data-copy       on an element: a button with these words after it copies its text (of a link, its address)
//   data-points     on the chart: "2019-07-31 0 0 0 1|…", day, then the numbers named in data-names by "|"

const main = document.getElementById("main");

const live = document.createElement("p");
live.className = "visually-hidden";
live.setAttribute("role", "status");
document.body.append(live);
const announce = (words) => { live.textContent = ""; requestAnimationFrame(() => { live.textContent = words; }); };

// Filters in place. Any failure ends in an ordinary visit to the same address.
let latest = 0;
let shown = location.pathname + location.search;

async function show(address, { push, focus }) {
  const mine = ++latest;
  main.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.getElementById("main");
    if (!content) throw new Error("no main");
    if (mine !== latest) return;
    const open = [...main.querySelectorAll("details")].map((details) => details.open);
    main.replaceChildren(...content.childNodes);
    main.className = content.className;
    main.querySelectorAll("details").forEach((details, index) => { details.open ||= open[index] || false; });
    document.title = page.title;
    shown = new URL(address, location.href).pathname + new URL(address, location.href).search;
    if (push) history.pushState({ inPlace: true }, "", address);
    enhance();
    const target = focus && main.querySelector(focus);
    if (target) target.focus({ preventScroll: true });
    else if (focus) main.focus({ preventScroll: true });
    announce(main.querySelector(".count [data-say], .chips .count")?.textContent.split("·")[0].trim() || document.title);
    main.removeAttribute("aria-busy");
  } catch {
    if (mine === latest) location.assign(address);
  }
}

const path = (element) => {
  // A way back to the same control in the new page: its id, or its place among its like.
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.closest("form")) return `form[data-in-place] ${element.localName}:not([type=search])`;
  const region = [".chips", ".tally", ".pager", "thead"].find((name) => element.closest(name));
  if (region === ".pager") return "#results";
  const index = [...element.closest(region).querySelectorAll("a")].indexOf(element);
  return index < 0 ? "#main" : { region, index };
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-in-place]") || event.defaultPrevented) return;
  event.preventDefault();
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  const address = new URL(form.getAttribute("action") || location.pathname, location.href);
  address.search = asked;
  // Return in a field sends the form too, and belongs back in that field.
  const focused = form.contains(document.activeElement) ? document.activeElement : event.submitter;
  show(address.href, { push: true, focus: form.contains(focused) ? path(focused) : "#main" });
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(".chips a, .tally a, .pager a, .tracker thead a");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const form = main.querySelector("form[data-in-place]");
  if (!form || link.origin !== location.origin || link.pathname !== location.pathname || link.hash) return;
  event.preventDefault();
  const place = path(link);
  show(link.href, { push: true, focus: typeof place === "string" ? place : null }).then(() => {
    if (typeof place === "object") main.querySelectorAll(`${place.region} a`)[place.index]?.focus({ preventScroll: true });
    else main.querySelector(place)?.scrollIntoView();
  });
});

if (document.querySelector("form[data-in-place]")) {
  history.replaceState({ ...history.state, inPlace: true }, "");
  addEventListener("popstate", (event) => {
    // A jump within the page also ends up here, and needs no new page.
    if (event.state?.inPlace && location.pathname + location.search !== shown) show(location.href, { push: false });
  });
}

// Copy buttons.
function copyButtons() {
  for (const source of main.querySelectorAll("[data-copy]:not([data-ready])")) {
    source.dataset.ready = "";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = source.dataset.copy || "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.href || source.value || source.textContent.trim());
        button.textContent = "Copied";
        announce("Copied");
      } catch {
        getSelection().selectAllChildren(source);
        announce("Selected; copy it with the keyboard");
      }
      setTimeout(() => { button.textContent = source.dataset.copy || "Copy"; }, 2000);
    });
    source.after(button);
  }
}

// Reading the chart, by pointer or with the arrow keys.
function readableCharts() {
  for (const svg of main.querySelectorAll("svg[data-points]:not([data-ready])")) {
    svg.dataset.ready = "";
    const points = svg.dataset.points.split("|").map((point) => point.split(" "));
    const names = (svg.dataset.names || "broken|watered down|kept|in progress").split("|");
    const width = Number(svg.dataset.width || 516);
    const height = Number(svg.dataset.height || 230);
    const first = Date.parse(points[0][0]);
    const span = Date.parse(points.at(-1)[0]) - first || 1;
    const x = (index) => ((Date.parse(points[index][0]) - first) / span) * width;
    const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("class", "reading");
    const words = document.createElement("p");
    words.className = "readout";
    words.setAttribute("aria-hidden", "true");
    svg.after(words);
    svg.append(line);
    const set = (values) => Object.entries(values).forEach(([name, value]) => svg.setAttribute(name, value));
    set({ tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": points.length - 1 });
    let at = points.length - 1;
    const read = (index) => {
      at = Math.max(0, Math.min(points.length - 1, index));
      line.setAttribute("d", `M${x(at)} 0V${height}`);
      words.textContent = `${day.format(Date.parse(points[at][0]))}: ` +
        names.map((name, number) => `${points[at][number + 1]} ${name}`).reverse().join(", ");
      set({ "aria-valuenow": at, "aria-valuetext": words.textContent });
    };
    set({ "aria-valuenow": at, "aria-valuetext": day.format(Date.parse(points[at][0])) });
    svg.addEventListener("pointermove", (event) => {
      const matrix = svg.getScreenCTM();
      if (!matrix) return;
      const wanted = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse()).x;
      let nearest = 0;
      points.forEach((_, index) => { if (Math.abs(x(index) - wanted) < Math.abs(x(nearest) - wanted)) nearest = index; });
      read(nearest);
    });
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1, PageUp: at - 12, PageDown: at + 12 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      read(step);
    });
  }
}

function enhance() {
  copyButtons();
  readableCharts();
}
enhance();
