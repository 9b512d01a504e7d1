/* The trade list: sorts by any heading, shows a page at a time. */
"use strict";
(() => {
  const table = document.getElementById("trade-table");
  if (!table) return;
  const { symbols, decimals, reasons, rows } = JSON.parse(document.getElementById("trade-rows").textContent);
  const PAGE = 25;
  const amount = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  const price = (row, value) => amount(value, decimals[row[1]]);
  const sizeDigits = Math.min(8, Math.max(0, ...rows.map((row) => (String(row[7]).split(".")[1] ?? "").length)));
  const money = (value) => Math.abs(value) >= 1 || value === 0 ? amount(value, 2) : amount(value, 4);
  const percent = (value) => `${amount(value * 100, 2)} %`;
  const moment = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  const held = (seconds) => {
    const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const first = units.findIndex(([size]) => seconds >= size);
    if (first < 0) return "0 s";
    const [size, name] = units[first], count = Math.floor(seconds / size), rest = seconds - count * size;
    const next = units[first + 1];
    const small = next ? Math.floor(rest / next[0]) : 0;
    return `${count} ${name}${small ? ` ${small} ${next[1]}` : ""}`;
  };
  /* Heading, the number to sort by, its text, whether it is a word, and whether its sign has a colour. */
  const columns = [
    ["#", (r) => r[0], (r) => String(r[0])],
    ...(symbols.length > 1 ? [["Symbol", (r) => symbols[r[1]], (r) => symbols[r[1]], true]] : []),
    ["Side", (r) => r[2], (r) => r[2] > 0 ? "long" : "short", true],
    ["Opened", (r) => r[3], (r) => moment(r[3]), true],
    ["Closed", (r) => r[4], (r) => moment(r[4]), true],
    ["Held", (r) => r[4] - r[3], (r) => held(r[4] - r[3])],
    ["Profit", (r) => r[8], (r) => money(r[8]), false, true],
    ["Return", (r) => r[9], (r) => percent(r[9]), false, true],
    ["Entry", (r) => r[5], (r) => price(r, r[5])],
    ["Exit", (r) => r[6], (r) => price(r, r[6])],
    ["Size", (r) => r[7], (r) => amount(r[7], sizeDigits)],
    ["Run-up", (r) => r[10], (r) => percent(r[10])],
    ["Drawdown", (r) => r[11], (r) => percent(r[11])],
    ["Fees", (r) => r[12], (r) => money(r[12])],
    ["Funding", (r) => r[13], (r) => money(r[13])],
    ["Closed by", (r) => reasons[r[14]], (r) => reasons[r[14]], true],
  ];
  let by = 0, falling = false, page = 0;

  const headings = columns.map(([name, , , word], number) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    if (word) cell.className = "word";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      falling = number === by ? !falling : !word && number > 0;
      by = number;
      page = 0;
      sort();
      draw();
    });
    cell.append(button);
    return cell;
  });
  const line = document.createElement("tr");
  line.append(...headings);
  table.tHead.append(line);

  function sort() {
    const key = columns[by][1], sign = falling ? -1 : 1;
    rows.sort((a, b) => {
      const x = key(a), y = key(b);
      return x === y ? a[0] - b[0] : x < y ? -sign : sign;
    });
    headings.forEach((cell, i) => cell.setAttribute("aria-sort", i !== by ? "none" : falling ? "descending" : "ascending"));
  }

  function draw() {
    const lines = rows.slice(page * PAGE, (page + 1) * PAGE).map((row) => {
      const made = document.createElement("tr");
      for (const [, value, text, word, coloured] of columns) {
        const cell = document.createElement("td");
        cell.textContent = text(row);
        if (word) cell.className = "word";
        if (coloured && value(row)) cell.className = value(row) > 0 ? "gain" : "loss";
        made.append(cell);
      }
      return made;
    });
    table.tBodies[0].replaceChildren(...lines);
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    document.getElementById("page-where").textContent = `Page ${page + 1} of ${pages}`;
    document.getElementById("page-back").disabled = page === 0;
    document.getElementById("page-on").disabled = page === pages - 1;
  }
  const turn = (by) => { page += by; draw(); };
  document.getElementById("page-back").addEventListener("click", () => turn(-1));
  document.getElementById("page-on").addEventListener("click", () => turn(1));
  sort();
  draw();
})();
