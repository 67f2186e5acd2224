/* The upload page: files are checked before they are sent, sent in parts, and gone on with where they stopped (demand/views/uploads.py).
   The form is then sent with references to what arrived. Without this script the form sends the files by itself. */
(function () {
  "use strict";
  const WAITS = [1, 2, 4, 8, 15, 30]; // seconds before a broken connection is tried again
  const BROKEN = "The connection is broken. What has arrived is kept: press “Upload and load” to go on where it stopped.";
  const SIGNED_OUT = "You were signed out. What has arrived is kept: sign in again, then choose the same files to go on.";
  const STOPPED_APART = "Stopped, but the server could not be told. Reload this page to discard what arrived; it is deleted after some days in any case.";
  const UNREADABLE = "could not be read from your disk; it may have been moved or changed. Choose it again.";
  let sending = null;

  class Problem extends Error {} // its message is for people
  class Broken extends Error {}

  function inWords(bytes) { // as the server writes sizes (templatetags/figures.py)
    const units = ["bytes", "KB", "MB", "GB"];
    let step = 0;
    while (bytes >= 1000 && step < 3) { bytes /= 1000; step += 1; }
    return `${Number(bytes.toFixed(step > 1 ? 1 : 0))} ${units[step]}`;
  }
  const chosenFiles = (form) => [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files].map((file) => ({ kind: input.name, file })));
  const settings = () => JSON.parse(document.getElementById("upload-rules").textContent);

  /* The server's own rules and sentences (demand/selectors/quotas.py). */
  function refusalOf(files) {
    const empty = files.find((file) => file.size === 0);
    if (empty) return `“${empty.name}” is empty (0 bytes): export it again and choose the new file.`;
    const largest = files.reduce((most, file) => (file.size > most.size ? file : most), { name: "", size: 0 });
    const measures = { file: [largest.name, largest.size], total: ["", files.reduce((sum, file) => sum + file.size, 0)], count: ["", files.length] };
    for (const rule of settings().rules) {
      const [name, measured] = measures[rule.of];
      if (measured > rule.at_most) {
        const shown = rule.of === "count" ? measured.toLocaleString("en-US") : inWords(measured);
        return rule.sentence.replace("{measured}", () => shown).replace("{name}", () => name);
      }
    }
    return "";
  }

  /* One request; rejects with Broken where no answer came. */
  function ask(method, address, { body = null, headers = {}, onProgress = null } = {}) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      sending.request = request;
      request.open(method, address);
      request.setRequestHeader("X-CSRFToken", sending.token);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      if (onProgress) request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
      request.addEventListener("error", () => reject(new Broken()));
      request.addEventListener("abort", () => reject(new Broken()));
      request.addEventListener("load", () => {
        if ([502, 503, 504].includes(request.status)) { reject(new Broken()); return; }
        if (new URL(request.responseURL).pathname === document.documentElement.dataset.signIn) { reject(new Problem(SIGNED_OUT)); return; }
        resolve(request);
      });
      request.send(body);
    });
  }
  function answerOf(request) {
    let answer = null;
    try { answer = JSON.parse(request.responseText); } catch { /* an error page */ }
    if (answer && (request.status < 400 || request.status === 409)) return answer;
    throw new Problem((answer && answer.refusal) || "The server could not take the file. Reload the page and try again; what has arrived is kept.");
  }
  async function persistently(attempt) {
    for (let failures = 0; ; failures += 1) {
      try { return await attempt(); } catch (error) {
        if (!(error instanceof Broken) || sending.cancelled) throw error;
        if (failures === WAITS.length) throw new Problem(BROKEN);
        sending.say(`The connection broke. Trying again in ${WAITS[failures]} s …`);
        await new Promise((resolve) => { sending.wake = resolve; setTimeout(resolve, WAITS[failures] * 1000); });
        if (sending.cancelled) throw error;
      }
    }
  }

  /* One file, from where the server says it ends. */
  async function send(form, { kind, file }, chunk) {
    const about = new FormData();
    for (const [name, value] of Object.entries({ kind, name: file.name, size: file.size, modified: file.lastModified })) about.append(name, value);
    let state = answerOf(await persistently(() => ask("POST", form.dataset.begin, { body: about })));
    sending.ids.push(state.id);
    const address = `${form.dataset.begin}${state.id}/`;
    if (state.offset) sending.say(`Going on with “${file.name}” at ${inWords(state.offset)} of ${inWords(file.size)}.`);
    while (!state.complete) {
      const offset = state.offset;
      const part = file.slice(offset, offset + chunk);
      let bytes;
      try { bytes = await part.arrayBuffer(); } catch { throw new Problem(`“${file.name}” ${UNREADABLE}`); }
      sending.show(offset);
      if (offset + bytes.byteLength >= file.size) sending.say(`“${file.name}” is sent; the server is checking it.`);
      state = answerOf(await persistently(() => ask("PUT", address, {
        body: bytes, headers: { "Content-Type": "application/octet-stream", "Upload-Offset": String(offset) }, onProgress: (sent) => sending.show(offset + sent),
      })));
    }
    sending.before += file.size;
    sending.show(0);
    return state.id;
  }

  function begin(form, files) {
    const find = (name) => form.querySelector(`[data-upload-${name}]`);
    const bar = form.querySelector("progress");
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    let announced = 0;
    find("progress").hidden = false;
    find("status").className = "";
    bar.hidden = !total;
    bar.value = 0;
    find("cancel").hidden = false;
    find("leave").hidden = true;
    form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; });
    sending = {
      form, token: form.querySelector("[name=csrfmiddlewaretoken]").value, ids: [], before: 0, cancelled: false, request: null, wake() {},
      say(text) { find("status").textContent = text; },
      show(inFile) {
        const done = Math.min(this.before + inFile, total);
        const percent = total ? Math.floor((100 * done) / total) : 100;
        bar.value = total ? done / total : 1;
        find("detail").textContent = `${percent} % sent: ${inWords(done)} of ${inWords(total)}. Keep this page open.`;
        if (percent >= announced + 10 && percent < 100) { // not every part is read aloud
          announced = percent - (percent % 10);
          this.say(`${announced} % sent.`);
        }
      },
    };
    sending.show(0);
  }
  function end(form, text) {
    sending.say(text);
    sending = null;
    form.querySelector("progress").hidden = true;
    form.querySelector("[data-upload-detail]").textContent = "";
    form.querySelector("[data-upload-cancel]").hidden = true;
    form.querySelector("[data-upload-leave]").hidden = false;
    form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = false; });
  }
  function complain(form, text) {
    form.querySelector("[data-upload-progress]").hidden = false;
    form.querySelector("[data-upload-detail]").textContent = "";
    const status = form.querySelector("[data-upload-status]");
    status.className = text ? "note bad" : "";
    status.textContent = text;
  }

  async function upload(form, submitter) {
    const files = chosenFiles(form);
    const refusal = refusalOf(files.map(({ file }) => file));
    if (refusal) { complain(form, refusal); return; }
    const { chunk_bytes: chunk } = settings();
    const fields = new FormData(form, submitter); // before the buttons are disabled: a disabled one is not sent
    begin(form, files);
    try {
      form.querySelectorAll("input[type=file]").forEach((input) => fields.delete(input.name));
      for (const chosen of files) fields.append("sent", await send(form, chosen, chunk));
      sending.say("All sent. Checking the form …");
      show(form, await persistently(() => ask("POST", form.action, { body: fields })));
    } catch (error) {
      if (sending.cancelled) {
        const answers = await Promise.allSettled(sending.ids.map((id) => ask("DELETE", `${form.dataset.begin}${id}/`)));
        const removed = answers.every(({ value }) => value && (value.status < 400 || value.status === 404));
        end(form, removed ? "Stopped. Nothing of these files is kept on the server." : STOPPED_APART);
      } else {
        end(form, error instanceof Problem ? error.message : BROKEN);
        if (!(error instanceof Problem || error instanceof Broken)) throw error;
      }
    }
  }
  function show(form, request) {
    const landed = new URL(request.responseURL, location.href);
    const here = new URL(form.action, location.href);
    sending = null;
    if (request.status < 400 && landed.pathname !== here.pathname) { location.assign(landed); return; }
    const fresh = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
    if (!fresh) { complain(form, "The server did not take the upload. Reload the page: the files that arrived are listed there."); return; }
    document.querySelector("main").replaceWith(document.adoptNode(fresh));
    const problem = document.querySelector("[data-problem]");
    if (problem) problem.focus();
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-upload]")) return;
    event.preventDefault();
    if (!sending) upload(event.target, event.submitter);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-upload]");
    if (form && !sending && event.target.matches("input[type=file]")) complain(form, refusalOf(chosenFiles(form).map(({ file }) => file)));
  });
  document.addEventListener("click", (event) => {
    if (!sending || !event.target.closest("[data-upload-cancel]")) return;
    sending.cancelled = true;
    sending.request.abort();
    sending.wake();
  });
  window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
})();
