/* report.js - what the HTML report does beyond being read: sort, filter, zoom, choose colours. The page is
 * complete without it; all that it knows is in the page's own tables and lists. */
"use strict";

const byId = (id) => document.getElementById(id);
const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

/* --- colours ------------------------------------------------------------------------------------------------ */

function offerColours() {
    byId("theme").hidden = false;
    byId("theme").querySelector("select").addEventListener("change", (event) => {
        document.documentElement.dataset.theme = event.target.value;
    });
}

/* --- details of sites that are not in their rows: a block of data has them, see render_html_sites.c ---------- */

const waiting = new Map(); /* row: its details as markup */

function findRest(table) {
    const block = table.parentElement.querySelector(`#${table.id} ~ script.rest`);
    const rest = block ? block.textContent.split("\n\n") : [];
    const rows = table.tBodies[0].rows;
    rest.forEach((markup, i) => waiting.set(rows[rows.length - rest.length + i], markup));
    table.addEventListener("toggle", (event) => fill(event.target.closest("tr")), true);
}

function fill(row) {
    if (!waiting.has(row))
        return;
    row.querySelector("details").insertAdjacentHTML("beforeend", waiting.get(row));
    waiting.delete(row);
}

const entities = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };

/* All that the row says, unfolded, in small letters. */
function wordsOf(row) {
    const markup = waiting.get(row) ?? "";
    const rest = markup.replace(/<[^>]*>/g, "").replace(/&[a-z]+;/g, (entity) => entities[entity] ?? entity);
    return (row.textContent + rest).toLowerCase();
}

/* --- sites: the table shows a part of the rows that fit the filter, in the chosen order --------------------- */

const OPEN = 0, KIND = 1, PLACE = 2, MODULE = 3;
const PART = 200; /* as in report.css */

class Sites {
    constructor(table) {
        this.table = table;
        this.body = table.tBodies[0];
        this.headings = [...table.tHead.rows[0].cells];
        this.rows = [...this.body.rows];
        this.fitting = this.rows;
        this.most = PART;
        this.words = new Map();
        this.form = byId("filter");
        this.offerChoices("kind", KIND);
        this.offerChoices("module", MODULE);
        this.headings.forEach((heading, column) => this.offerSorting(heading, column));
        this.form.hidden = false;
        this.form.addEventListener("submit", (event) => event.preventDefault());
        this.form.addEventListener("input", () => this.filter());
        this.form.addEventListener("reset", () => setTimeout(() => this.filter()));
        byId("more").addEventListener("click", () => this.showMore());
        this.filter();
        table.classList.add("ready");
    }

    offerChoices(name, column) {
        const words = new Set(this.rows.map((row) => row.cells[column].textContent));
        for (const word of [...words].filter(Boolean).sort())
            this.form.elements[name].append(make("option", word));
    }

    offerSorting(heading, column) {
        const button = make("button", heading.textContent);
        button.type = "button";
        button.addEventListener("click", () => this.sort(heading, column));
        heading.replaceChildren(button);
    }

    /* Numbers begin with the largest; what is not known comes last in both directions. */
    sort(heading, column) {
        const isText = column >= KIND && column <= MODULE;
        const first = isText ? "ascending" : "descending";
        const second = isText ? "descending" : "ascending";
        const order = heading.getAttribute("aria-sort") === first ? second : first;
        const sign = order === "ascending" ? 1 : -1;
        const compare = isText ? (a, b) => sign * (a < b ? -1 : a > b)
                               : (a, b) => (a < 0) - (b < 0) || sign * (a - b);
        const keys = new Map(this.rows.map((row) => [row, this.key(row.cells[column], isText)]));
        this.headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", order);
        this.rows.sort((a, b) => compare(keys.get(a), keys.get(b)));
        this.filter();
    }

    key(cell, isText) {
        if (isText)
            return (cell.querySelector("summary") ?? cell).textContent.toLowerCase();
        const value = cell.dataset.value ?? cell.textContent;
        return value === "" ? -1 : Number(value);
    }

    filter() {
        const { text, kind, module } = this.form.elements;
        const words = text.value.trim().toLowerCase();
        this.fitting = this.rows.filter((row) =>
            (!kind.value || row.cells[KIND].textContent === kind.value) &&
            (!module.value || row.cells[MODULE].textContent === module.value) &&
            (!words || this.text(row).includes(words)));
        this.most = PART;
        this.show();
        markFrames(words);
    }

    text(row) {
        if (!this.words.has(row))
            this.words.set(row, wordsOf(row));
        return this.words.get(row);
    }

    showMore() {
        const next = this.fitting[this.most];
        this.most += PART;
        this.show();
        next.querySelector("summary").focus();
    }

    show() {
        const handles = this.fitting.reduce((sum, row) => sum + Number(row.cells[OPEN].textContent), 0);
        const shown = this.fitting.slice(0, this.most);
        this.body.replaceChildren(...shown);
        byId("more").hidden = shown.length === this.fitting.length;
        byId("shown").textContent = `${this.fitting.length} of ${this.rows.length} sites, ${handles} handles` +
            (byId("more").hidden ? "" : `; the first ${shown.length} are shown`);
    }

    /* A link to a site unfolds it. */
    showLinked() {
        const row = this.rows.find((one) => `#${one.id}` === location.hash);
        if (!row)
            return;
        if (!row.isConnected)
            this.body.prepend(row);
        row.cells[PLACE].querySelector("details").open = true;
        row.scrollIntoView();
    }
}

/* --- flame graph: a tree, of which one item has the keyboard. The list items lie in each other, so it is their
 * names that are the items of the tree: each owns the list below it. ------------------------------------------ */

const nameOf = (item) => item.firstElementChild;
const label = (item) => nameOf(item).textContent;
const parentOf = (item) => item.parentElement.closest("#flame li");
const isShown = (item) => item && !item.classList.contains("aside");
const childrenOf = (item) => [...item.querySelectorAll(":scope > ul > li")].filter(isShown);

function neighbour(item, step) {
    let other = item[step];
    while (other && !isShown(other))
        other = other[step];
    return other;
}

const moves = {
    ArrowUp: parentOf,
    ArrowDown: (item) => childrenOf(item)[0],
    ArrowLeft: (item) => neighbour(item, "previousElementSibling"),
    ArrowRight: (item) => neighbour(item, "nextElementSibling"),
    Home: () => document.querySelector("#flame li"),
};

function tell(item) {
    byId("flame-status").textContent = label(item);
}

function focusItem(item) {
    document.querySelector("#flame [tabindex='0']").tabIndex = -1;
    nameOf(item).tabIndex = 0;
    nameOf(item).focus();
}

/* The item gets all the width, and with it those above; null: as at first. */
function zoom(item) {
    for (const other of document.querySelectorAll("#flame .path, #flame .aside"))
        other.classList.remove("path", "aside");
    for (let on = item; on; on = parentOf(on)) {
        on.classList.add("path");
        for (const sibling of on.parentElement.children)
            sibling.classList.toggle("aside", sibling !== on);
    }
}

function toggleZoom(item) {
    const isZoomed = item.classList.contains("path") && !item.querySelector(".path");
    zoom(isZoomed ? parentOf(item) : item);
}

function takeKey(event) {
    const item = event.target.closest("li");
    if (event.altKey || event.ctrlKey || event.metaKey)
        return;
    if (event.key === "Enter" || event.key === " ")
        toggleZoom(item);
    else if (event.key === "Escape")
        zoom(null);
    else if (moves[event.key])
        focusItem(moves[event.key](item) ?? item);
    else
        return;
    event.preventDefault();
}

function markFrames(words) {
    for (const item of document.querySelectorAll("#flame li"))
        item.classList.toggle("found", Boolean(words) && label(item).toLowerCase().includes(words));
}

function offerItem(item, number) {
    const name = nameOf(item), below = item.querySelector("ul");
    item.setAttribute("role", "none");
    name.setAttribute("role", "treeitem");
    name.tabIndex = -1;
    if (!below)
        return;
    below.setAttribute("role", "group");
    below.id = `below-${number}`;
    name.setAttribute("aria-owns", below.id);
    name.setAttribute("aria-expanded", "true");
}

function offerTree(flame) {
    const list = flame.querySelector("ul");
    list.setAttribute("role", "tree");
    list.setAttribute("aria-orientation", "horizontal");
    list.setAttribute("aria-labelledby", "stacks");
    list.querySelectorAll("li").forEach(offerItem);
    nameOf(list.firstElementChild).tabIndex = 0;
    byId("flame-help").textContent =
        "Click, Enter or Space zooms in on a frame and out again, the arrow keys go through the frames, " +
        "Escape shows all.";
    flame.addEventListener("keydown", takeKey);
    flame.addEventListener("focusin", (event) => tell(event.target.closest("li")));
    flame.addEventListener("mouseover", (event) => {
        const item = event.target.closest("li");
        if (item)
            tell(item);
    });
    flame.addEventListener("click", (event) => {
        const item = event.target.closest("li");
        if (!item)
            return;
        focusItem(item);
        toggleZoom(item);
    });
}

/* --- paper --------------------------------------------------------------------------------------------------- */

/* What is folded cannot be read there. */
function unfoldForPrint() {
    let unfolded = [];
    addEventListener("beforeprint", () => {
        unfolded = [...document.querySelectorAll("details:not([open])")];
        unfolded.forEach((details) => {
            fill(details.closest("tr"));
            details.open = true;
        });
    });
    addEventListener("afterprint", () => unfolded.forEach((details) => { details.open = false; }));
}

offerColours();
unfoldForPrint();
if (byId("flame"))
    offerTree(byId("flame"));
document.querySelectorAll("table.sites").forEach(findRest);
if (byId("sites")) {
    const sites = new Sites(byId("sites"));
    sites.showLinked();
    addEventListener("hashchange", () => sites.showLinked());
}
