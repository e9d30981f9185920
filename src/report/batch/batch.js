"use strict";
{
  // A row: state, line, id, recording, seconds, muted seconds, windows, receipt, link, reason.
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const ORDER = ["unknown", "failed", "started", "planned", "done"];
  const COLUMNS = [
    ["State", 0], ["Line", 1, true], ["Id", 2], ["Recording", 3], ["Audio s", 4, true],
    ["Muted s", 5, true], ["Windows", 6, true], ["Receipt", 7], ["Note", 9],
  ];
  const PAGE = 100;
  const at = (id) => document.getElementById(id);
  const [table, search, state] = [at("recordings"), at("search"), at("state")];
  const texts = rows.map((row) => [row[2], row[3], row[7], row[9]].join("\n").toLowerCase());
  let [sorted, descending, page, found] = [0, false, 0, []];

  // Numbers by size, states by urgency, texts by their characters; what is missing comes last.
  const order = (one, other) => {
    const [a, b] = [rows[one][sorted], rows[other][sorted]];
    if (sorted === 0) return ORDER.indexOf(a) - ORDER.indexOf(b);
    if (a === b) return 0;
    if (a === null || a === "") return descending ? -1 : 1;
    if (b === null || b === "") return descending ? 1 : -1;
    return a < b ? -1 : 1;
  };
  const cell = (row, [, column, isNumber]) => {
    const value = row[column];
    const td = document.createElement(column === 3 ? "th" : "td");
    if (column === 3) td.scope = "row";
    if (isNumber) td.className = "number";
    if (column === 0) td.className = `state ${value}`;
    if ([3, 7, 9].includes(column)) td.className = "path";
    const text = document.createElement(column === 7 && row[8] ? "a" : "bdi");
    // Text only: nothing that a manifest holds becomes a part of the page.
    text.textContent = value === null ? "" : value;
    if (text.localName === "a") text.href = row[8];
    td.append(text);
    return td;
  };
  const show = () => {
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    page = Math.min(Math.max(page, 0), last);
    const body = document.createElement("tbody");
    for (const index of found.slice(page * PAGE, (page + 1) * PAGE)) {
      const tr = document.createElement("tr");
      tr.append(...COLUMNS.map((column) => cell(rows[index], column)));
      body.append(tr);
    }
    table.tBodies[0].replaceWith(body);
    at("before").disabled = page === 0;
    at("next").disabled = page === last;
    const from = found.length ? page * PAGE + 1 : 0;
    at("shown").textContent = `${from} to ${Math.min((page + 1) * PAGE, found.length)} of ${found.length} recordings`;
  };
  const find = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = [...rows.keys()].filter((index) =>
      (!state.value || rows[index][0] === state.value) && words.every((word) => texts[index].includes(word)));
    found.sort((one, other) => (descending ? order(other, one) : order(one, other)) || one - other);
    page = 0;
    show();
  };
  for (const [name, column, isNumber] of COLUMNS) {
    const [th, button] = [document.createElement("th"), document.createElement("button")];
    th.scope = "col";
    if (isNumber) th.className = "number";
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      descending = sorted === column && !descending;
      sorted = column;
      mark();
      find();
    });
    th.append(button);
    table.tHead.rows[0].append(th);
  }
  const mark = () => COLUMNS.forEach(([, column], index) => {
    const th = table.tHead.rows[0].cells[index];
    if (column === sorted) th.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  });
  search.addEventListener("input", find);
  state.addEventListener("change", find);
  at("before").addEventListener("click", () => { page -= 1; show(); });
  at("next").addEventListener("click", () => { page += 1; show(); });
  document.querySelector(".controls").addEventListener("submit", (event) => event.preventDefault());
  for (const part of [table, ...document.querySelectorAll(".controls, .pager")]) part.hidden = false;
  mark();
  find();
}
