// The labelling page: shows what the server says comes next, sends what the labeller answers. Texts are set as text.
const $ = (id) => document.getElementById(id);
let blind = document.body.dataset.blind === "1";
let record = null;
let busy = false;

function fill(place, pieces) {
  place.replaceChildren(...pieces.map(([text, kind, title]) => {
    if (!kind) return document.createTextNode(text);
    const part = document.createElement(kind === "control" ? "span" : "mark");
    part.textContent = text;
    part.className = kind;
    if (title) part.title = title;
    return part;
  }));
}

function duration(seconds) {
  if (seconds === null) return "";
  return seconds < 90 ? `, about ${seconds} s left` : `, about ${Math.round(seconds / 60)} min left`;
}

function show(state) {
  record = state.record;
  $("note").textContent = state.note;
  $("count").textContent = `${state.done} of ${state.total}`;
  $("left").textContent = duration(state.seconds_left);
  $("progress").max = state.total;
  $("progress").value = state.done;
  $("record").hidden = record === null;
  document.querySelectorAll("[data-label], #skip").forEach((button) => { button.disabled = record === null; });
  $("scores").setAttribute("aria-pressed", String(!blind));
  if (record === null) {
    $("note").textContent = `${state.note} All ${state.total} are labelled. dvc repro uses them.`.trim();
    return;
  }
  fill($("title"), record.title);
  fill($("text"), record.text);
  $("more").textContent = record.more ? `${record.more.toLocaleString("en")} more characters are not shown.` : "";
  $("run").hidden = !record.run;
  $("run").replaceChildren(...(record.run ?? []).map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
  scrollTo(0, 0);
}

async function ask(action, body) {
  if (busy) return;
  busy = true;
  try {
    const answer = action === "state"
      ? await fetch(`state?blind=${blind ? 1 : 0}`)
      : await fetch(action, { method: "POST", body: JSON.stringify({ ...body, blind }) });
    const state = await answer.json();
    if (answer.ok) show(state);
    else $("note").textContent = state.error;
  } catch {
    $("note").textContent = "The server does not answer. Every answer given so far is in the file; start review again.";
  } finally {
    busy = false;
  }
}

const label = (value) => record && ask("answer", { key: record.key, label: value });
const actions = {
  y: () => label("1"), n: () => label("0"), u: () => label("u"),
  z: () => ask("undo", {}), s: () => record && ask("skip", { key: record.key }),
  b: () => { blind = !blind; ask("state"); }, g: () => $("help").showModal(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || $("help").open) return;
  const action = actions[event.key.toLowerCase()];
  if (action) { event.preventDefault(); action(); }
});
document.querySelectorAll("[data-label]").forEach((button) => button.addEventListener("click", () => label(button.dataset.label)));
for (const [id, key] of [["undo", "z"], ["skip", "s"], ["scores", "b"], ["guideline", "g"]]) {
  $(id).addEventListener("click", actions[key]);
}
ask("state");
