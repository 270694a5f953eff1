// Sorts the table of an audit by the column whose head is pressed, and shows the rows that are asked
// for. Without it the table is whole, in the tree's order.
(function () {
  "use strict";

  const table = document.querySelector("table.sortable");
  if (!table) return;
  const heads = Array.from(table.tHead.rows[0].cells), body = table.tBodies[0];
  const names = heads.map(function (head) { return head.textContent; });
  const rows = Array.from(body.rows);
  const choices = Array.from(document.querySelectorAll(".filters select[data-column]"));
  const order = document.querySelector(".filters .order");

  function text(row, column) { return row.cells[column].textContent.replace(/\s+/g, " ").trim(); }

  function filter() {
    for (const row of rows) {
      row.hidden = choices.some(function (choice) {
        return choice.value && text(row, names.indexOf(choice.dataset.column)) !== choice.value;
      });
    }
    const shown = rows.filter(function (row) { return !row.hidden; }).length;
    document.querySelector(".filters .scale").textContent = shown + " of " + rows.length;
  }

  function sort(column) {
    order.value = names[column];
    const falls = heads[column].getAttribute("aria-sort") === "ascending";
    const numbers = heads[column].classList.contains("n");
    heads.forEach(function (head) { head.removeAttribute("aria-sort"); });
    heads[column].setAttribute("aria-sort", falls ? "descending" : "ascending");
    const sorted = rows.slice().sort(function (a, b) {
      const left = text(a, column), right = text(b, column);
      if (!numbers) return left.localeCompare(right) * (falls ? -1 : 1);
      const first = parseFloat(left), second = parseFloat(right);
      if (Number.isNaN(first) || Number.isNaN(second)) return Number.isNaN(first) - Number.isNaN(second);
      return (first - second) * (falls ? -1 : 1);
    });
    body.append(...sorted);
  }

  heads.forEach(function (head, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () { sort(column); });
  });
  order.addEventListener("change", function () {
    if (order.value) { sort(names.indexOf(order.value)); return; }
    heads.forEach(function (head) { head.removeAttribute("aria-sort"); });
    body.append(...rows);
  });
  choices.forEach(function (choice) { choice.addEventListener("change", filter); });
  document.querySelector(".filters").hidden = false;
  filter();
})();
