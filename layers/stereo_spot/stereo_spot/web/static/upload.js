// Sends a film straight to the store: small ones in one request, others in parts that are tried
// again and can be resumed after the page was closed.

import { ApiError, call } from "./api.js";

const ONE_REQUEST = 64 * 2 ** 20;
const TRIES = 8;
const AT_ONCE = 2;

export async function sendFilm(job, film, how) {
  try {
    await send(job, film, how);
  } catch (error) {
    // the answer to a finished upload may be lost on the way
    const arrived = error.status === 409 && (await call("GET", `/v1/jobs/${job.id}`)).uploaded;
    if (!arrived) throw error;
  }
}

async function send(job, film, { onProgress, onTrouble, signal }) {
  const tell = (sent) => onProgress(sent, film.size);
  tell(0);
  if (film.size <= ONE_REQUEST) {
    await again(async () => {
      const asked = { size_bytes: film.size, parts: false };
      const { single } = await call("POST", `/v1/jobs/${job.id}/upload`, asked);
      await put(single, film, tell, signal);
    }, onTrouble, signal);
  } else {
    await sendParts(job, film, tell, onTrouble, signal);
  }
}

async function sendParts(job, film, tell, onTrouble, signal) {
  const { base, partSize, held } = await beginOrResume(job, film);
  const sent = new Map(held.map((part) => [part.number, part.size]));
  const total = Math.ceil(film.size / partSize);
  const missing = [];
  for (let number = 1; number <= total; number++) if (!sent.has(number)) missing.push(number);
  const sum = () => tell([...sent.values()].reduce((all, size) => all + size, 0));
  const work = async () => {
    for (let number = missing.shift(); number; number = missing.shift()) {
      const bytes = film.slice((number - 1) * partSize, number * partSize);
      await again(async () => {
        const grant = await call("POST", `${base}/parts/${number}`);
        await put(grant, bytes, (size) => { sent.set(number, size); sum(); }, signal);
      }, onTrouble, signal);
    }
  };
  sum();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await again(() => call("POST", `${base}/complete`, { size_bytes: film.size }), onTrouble, signal);
  localStorage.removeItem(memoryOf(job));
}

async function beginOrResume(job, film) {
  const stamp = `${film.name}/${film.size}/${film.lastModified}`;
  const known = JSON.parse(localStorage.getItem(memoryOf(job)) || "null");
  if (known && known.stamp === stamp) {
    const base = `/v1/jobs/${job.id}/upload/${known.uploadId}`;
    const held = await call("GET", `${base}/parts`).catch(() => null);
    if (held) return { base, partSize: known.partSize, held: held.parts };
  }
  const begun = await call("POST", `/v1/jobs/${job.id}/upload`, { size_bytes: film.size });
  const memory = { stamp, uploadId: begun.upload_id, partSize: begun.part_size_bytes };
  localStorage.setItem(memoryOf(job), JSON.stringify(memory));
  const base = `/v1/jobs/${job.id}/upload/${begun.upload_id}`;
  return { base, partSize: begun.part_size_bytes, held: [] };
}

function memoryOf(job) {
  return `upload/${job.id}`;
}

function put(grant, bytes, tell, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open(grant.method, grant.url);
    for (const [name, value] of Object.entries(grant.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => tell(event.loaded);
    request.onload = () => {
      signal.removeEventListener("abort", stop);
      if (request.status < 300) {
        tell(bytes.size);
        resolve();
      } else reject(new ApiError(request.status, problemOf(request.responseText)));
    };
    request.onerror = () => reject(new TypeError("the connection was lost"));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", stop, { once: true });
    request.send(bytes);
  });
}

function problemOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function again(step, onTrouble, signal) {
  for (let tried = 1; ; tried++) {
    try {
      const done = await step();
      onTrouble(null);
      return done;
    } catch (error) {
      const final = error instanceof ApiError && error.status < 500 && error.status !== 408;
      if (final || signal.aborted || tried === TRIES) throw error;
      onTrouble(error);
      await new Promise((resume) => setTimeout(resume, Math.min(500 * 2 ** tried, 15000)));
    }
  }
}
