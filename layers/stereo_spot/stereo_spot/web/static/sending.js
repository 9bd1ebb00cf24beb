// The panel that shows a film on its way to the store, used by both pages that can send one.

import { moveDots, tellTab } from "./dots.js";
import { sendFilm } from "./upload.js";
import { size, span } from "./words.js";

const part = (id) => document.getElementById(id);

export function watchDrop(onFilm) {
  const drop = part("drop");
  const input = part("film");
  input.addEventListener("change", () => input.files[0] && onFilm(input.files[0]));
  for (const name of ["dragover", "dragenter"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const film = event.dataTransfer.files[0];
    if (film) onFilm(film);
  });
  if (input.files[0]) onFilm(input.files[0]); // chosen before this script had come
}

export async function showSending(job, film) {
  const stopper = new AbortController();
  const began = performance.now();
  let first = null;
  const stay = (event) => event.preventDefault();
  part("problem").hidden = true;
  part("sending").hidden = false;
  part("sending-title").textContent = `Sending ${film.name}`;
  part("stop-sending").onclick = () => stopper.abort();
  addEventListener("beforeunload", stay);
  try {
    await sendFilm(job, film, {
      signal: stopper.signal,
      onProgress: (sent, total) => {
        first ??= sent;
        showSent(sent, total, (sent - first) / ((performance.now() - began) / 1000), film.name);
      },
      onTrouble: (error) => {
        part("sent-note").textContent = error
          ? `${error.message}; trying again`
          : "Keep this page open until the film has arrived.";
      },
    });
  } finally {
    removeEventListener("beforeunload", stay);
    part("sending").hidden = true;
  }
  location.assign(`/jobs/${job.id}`);
}

export function showProblem(text) {
  const problem = part("problem");
  problem.textContent = text;
  problem.hidden = false;
}

function showSent(sent, total, rate, name) {
  const percent = total ? Math.floor((100 * sent) / total) : 0;
  part("sent").value = percent;
  part("sent-size").textContent = `${size(sent)} of ${size(total)}`;
  part("sent-rate").textContent = rate > 0 ? `${size(rate)}/s` : "";
  part("sent-left").textContent = rate > 0 ? `${span((total - sent) / rate)} left` : "";
  moveDots(part("sending"), percent);
  tellTab(percent, name);
}
