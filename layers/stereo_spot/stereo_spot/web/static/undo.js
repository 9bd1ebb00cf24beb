// The library just after a film was deleted: undo is offered as long as it is possible.

const part = (id) => document.getElementById(id);
const form = part("undo");
const until = Date.now() + 1000 * Number(form.dataset.seconds);

tick();

function tick() {
  const left = until - Date.now();
  if (left <= 0) {
    end();
    return;
  }
  part("undo-left").textContent = `${Math.ceil(left / 1000)} s`;
  setTimeout(tick, left % 1000 || 1000);
}

function end() {
  const focused = form.contains(document.activeElement);
  form.remove();
  part("for-good").textContent = " for good";
  if (focused) part("removed").focus();
  history.replaceState(null, "", location.pathname); // so that a reload does not tell it again
}
