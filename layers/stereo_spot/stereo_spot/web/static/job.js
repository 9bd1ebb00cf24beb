// The page of one film: follows the work, and shows another part when the state changes.

import { call } from "./api.js";
import { moveDots, tellTab } from "./dots.js";
import { showProblem, showSending, watchDrop } from "./sending.js";
import { editing, watchTitle } from "./title.js";
import { count, span } from "./words.js";

const EVERY_MS = 1000;
const LASTING = ["completed", "failed", "cancelled"];
const article = document.getElementById("job");
const part = (id) => document.getElementById(id);
const { id, state } = article.dataset;
const title = () => part("title").textContent;
const showTitle = watchTitle(id, tellTitle);

part("remove").removeAttribute("popovertarget"); // undo takes the place of the question
part("remove").addEventListener("click", () => {
  part("delete").querySelector("form").requestSubmit();
});

if (part("drop")) {
  watchDrop(async (film) => {
    part("send-film").hidden = true;
    try {
      await showSending({ id }, film);
    } catch (error) {
      if (error.name !== "AbortError") showProblem(`The film was not sent: ${error.message}.`);
      part("send-film").hidden = false;
    }
  });
}

if (part("player")) {
  part("player").addEventListener("error", () => { part("unplayable").hidden = false; });
}

if (LASTING.includes(state)) {
  document.addEventListener("visibilitychange", () => document.hidden || look());
  addEventListener("pageshow", (event) => event.persisted && look());
} else {
  follow();
}

async function follow() {
  if (await look()) setTimeout(follow, EVERY_MS);
}

// What was done with the film elsewhere shows here too; false when this page is being left.
async function look() {
  try {
    const job = await call("GET", `/v1/jobs/${id}`);
    if (part("away")) part("away").hidden = true;
    if (shownAs(job.state) !== shownAs(state) && !editing()) {
      location.reload();
      return false;
    }
    tellTitle(job);
    if (part("parts")) show(job.progress);
  } catch (error) {
    if (error.status === 404) {
      location.assign("/jobs");
      return false;
    }
    if (part("away")) part("away").hidden = false;
  }
  return true;
}

function tellTitle(job) {
  if (showTitle(job) && !part("parts")) document.title = `${title()} · stereo-spot`;
}

function shownAs(name) {
  return ["created", "ready", ...LASTING].includes(name) ? name : "working";
}

function show(progress) {
  part("percent").textContent = progress.percent;
  part("stage").textContent = progress.stage;
  part("frames").textContent = progress.frames_total
    ? `${count(progress.frames_done)} of ${count(progress.frames_total)} frames`
    : "number of frames not known yet";
  part("rate").textContent = progress.frames_per_s
    ? `${count(progress.frames_per_s)} frames/s`
    : "speed unknown";
  part("left").textContent = timeLeft(progress.seconds_left);
  part("parts").setAttribute("aria-valuenow", progress.percent);
  drawParts(progress.parts.length ? progress.parts : [0]);
  moveDots(article, progress.percent);
  tellTab(progress.percent, title());
}

function timeLeft(seconds) {
  if (seconds === null) return "time left unknown";
  return seconds >= 1 ? `${span(seconds)} left` : "the last steps";
}

function drawParts(shares) {
  const bar = part("parts");
  const wide = 100 / shares.length;
  const gap = shares.length <= 40 ? 0.5 : 0;
  bar.setAttribute("viewBox", `0 0 ${100 - gap} 1`);
  if (bar.querySelectorAll(".done").length !== shares.length) {
    bar.replaceChildren(...shares.flatMap((_, index) => [
      bit("rest", index * wide, wide - gap),
      bit("done", index * wide, 0),
    ]));
  }
  bar.querySelectorAll(".done").forEach((drawn, index) => {
    drawn.setAttribute("width", (wide - gap) * shares[index]);
  });
}

function bit(name, x, width) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [key, value] of Object.entries({ class: name, x, y: 0, width, height: 1 })) {
    made.setAttribute(key, value);
  }
  return made;
}
