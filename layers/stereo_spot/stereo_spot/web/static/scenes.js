// Scenes of one film: jump to a moment, and show what is found while the analysis goes on.

const EVERY_MS = 2000;
const player = document.getElementById("player");

function jump() {
  const found = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (!player || !found) return;
  player.currentTime = Number(found[1]);
  player.scrollIntoView({ block: "nearest" });
}

addEventListener("hashchange", jump);
document.getElementById("job").addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#t="]');
  if (link && link.getAttribute("href") === location.hash) jump(); // the hash does not change
});
jump();
follow();

async function follow() {
  const shown = document.getElementById("scenes");
  if (!shown || ["ready", "failed"].includes(shown.dataset.state)) return;
  try {
    const { id } = document.getElementById("job").dataset;
    const known = await (await fetch(`/v1/jobs/${id}/analysis`)).json();
    const { state, stages } = shown.dataset;
    if (known.state !== state || known.stages.length !== Number(stages)) await renew(shown);
  } catch {
    // the server does not answer: the page of the film says so
  }
  setTimeout(follow, EVERY_MS);
}

async function renew(shown) {
  const page = await (await fetch(location.pathname)).text();
  const made = new DOMParser().parseFromString(page, "text/html").getElementById("scenes");
  if (made) shown.replaceWith(document.adoptNode(made));
}
