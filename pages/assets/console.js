// Makes the console more convenient; everything works without it.
"use strict";

// Copy buttons beside ids.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
    } catch {
      button.hidden = true;
    }
  });
}

// Times in the reader's zone; the server says them in UTC.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    const language = document.documentElement.lang;
    time.title = time.textContent;
    time.textContent = at.toLocaleString(language, {
      dateStyle: "medium", timeStyle: time.dataset.exact ? "long" : "short",
    });
  }
}

// One box for all rows of a table.
for (const box of document.querySelectorAll("input[data-all]")) {
  const rows = box.closest("form").querySelectorAll("input[name=id]");
  box.closest("label").hidden = false;
  box.addEventListener("change", () => rows.forEach((row) => { row.checked = box.checked; }));
}
