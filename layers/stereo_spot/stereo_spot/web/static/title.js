// The title of a film, changed where it stands: Enter saves, Escape gives up.

import { ApiError, call } from "./api.js";

const part = (id) => document.getElementById(id);
const form = part("retitle");
const field = part("new-title");
const problem = part("retitle-problem");

export const editing = () => !form.hidden;

export function watchTitle(id, onChange) {
  let title = field.value;

  part("rename").addEventListener("click", () => {
    field.value = title;
    show(true);
    field.focus();
    field.select();
  });
  part("keep-title").addEventListener("click", leave);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) leave();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = field.value.trim();
    if (field.readOnly) return;
    if (wanted === title) {
      leave();
      return;
    }
    field.readOnly = true;
    try {
      onChange(await call("PATCH", `/v1/jobs/${id}`, { title: wanted }));
      part("retitled").textContent = `The title is now ${wanted}.`;
      leave();
    } catch (error) {
      problem.textContent = `The title was not saved: ${reason(error)}.`;
      problem.hidden = false;
      field.focus();
    } finally {
      field.readOnly = false;
    }
  });

  // Shows the title that the film has now; whether that is another one.
  return (job) => {
    if ((job.title || "") === title) return false;
    title = job.title || "";
    part("title").textContent = title || "Untitled film";
    for (const named of document.querySelectorAll("#delete bdi")) {
      named.textContent = part("title").textContent;
    }
    if (part("filename") && job.result) part("filename").textContent = job.result.filename;
    return true;
  };
}

function leave() {
  show(false);
  part("rename").focus();
}

function show(edited) {
  form.hidden = !edited;
  part("titled").hidden = edited;
  problem.hidden = true;
}

function reason(error) {
  if (!(error instanceof ApiError)) return "the server does not answer";
  return error.status === 404 ? "the film was deleted" : error.message;
}
