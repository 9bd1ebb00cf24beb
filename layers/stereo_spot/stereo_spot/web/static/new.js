// The first page: choose a film and what to watch it on, then send it.

import { call, randomKey } from "./api.js";
import { showProblem, showSending, watchDrop } from "./sending.js";
import { size } from "./words.js";

const form = document.getElementById("new-film");
const go = document.getElementById("go");
let film = null;
let job = null;
let key = randomKey();

watchDrop((chosen) => {
  film = chosen;
  document.getElementById("film-name").textContent = film.name;
  document.getElementById("film-note").textContent = `${size(film.size)}. Choose another one`;
  document.getElementById("go-note").textContent = "";
  document.getElementById("problem").hidden = true;
  go.disabled = false;
});

for (const output of form.querySelectorAll("output")) {
  const input = document.getElementById(output.htmlFor.value);
  const tell = () => {
    output.textContent = `${input.value}${output.dataset.unit}`;
  };
  input.addEventListener("input", tell);
  tell(); // some browsers give back what was set before a reload
}

form.addEventListener("change", () => {
  job = null;
  key = randomKey();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!film) return;
  if (film.size === 0) {
    showProblem(`${film.name} is empty: choose the film again.`);
    return;
  }
  if (film.size > Number(form.dataset.maxBytes)) {
    showProblem(`${film.name} is larger than ${size(Number(form.dataset.maxBytes))}.`);
    return;
  }
  form.hidden = true;
  try {
    job ??= await call("POST", "/v1/jobs", asked(), { "idempotency-key": key });
    await showSending(job, film);
  } catch (error) {
    if (error.name !== "AbortError") showProblem(`The film was not sent: ${error.message}.`);
    form.hidden = false;
  }
});

// File systems take more signs than titles do; whole ones are cut off, not halves.
function titleOf(name) {
  const line = name.replace(/\.[^.]+$/, "").replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, " ");
  return [...line.trim()].slice(0, 200).join("") || undefined;
}

function asked() {
  const watched = form.querySelector("[name=watch_on]:checked").dataset;
  const said = {
    title: form.elements.title.value.trim() || titleOf(film.name),
    mode: watched.mode,
    container: watched.container,
    max_disparity: Number(form.elements.max_disparity.value),
    convergence: Number(form.elements.convergence.value),
  };
  if (watched.maxWidth) said.max_width = Number(watched.maxWidth);
  for (const name of ["start_s", "end_s"]) {
    if (form.elements[name].value !== "") said[name] = Number(form.elements[name].value);
  }
  return said;
}
