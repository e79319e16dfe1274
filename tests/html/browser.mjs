// Uses HTML reports in a real browser: node browser.mjs FOLDER CHROMIUM, where FOLDER has the pages of pages.c and
// node_modules. Ends with "N passed, N failed".
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const folder = resolve(process.argv[2]);
const require = createRequire(`${folder}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const tests = [];
const test = (name, page, options, body) => tests.push({ name, page, options, body });

/* --- what the tests ask ------------------------------------------------------------------------------------- */

const column = (page, number) =>
    page.locator("#sites > tbody > tr").evaluateAll(
        (rows, n) => rows.map((row) => (row.cells[n].querySelector("summary") ?? row.cells[n]).textContent), number);
const status = (page) => page.locator("#shown").textContent();
const frame = (page, name) => page.locator("#flame li").filter({ has: page.locator(`:scope > span`, { hasText: name }) })
    .last();
const widthOf = async (locator) => (await locator.boundingBox())?.width ?? 0;
const focused = (page) => page.evaluate(() => document.activeElement.textContent);

async function accessible(page, where) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    }));
    const told = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120))}`);
    assert.deepEqual(told, [], where);
    assert.ok(found.passes.length > 10, "rules were tried");
}

const fitsItsWidth = async (page) =>
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no scrolling sideways");

/* --- a few sites -------------------------------------------------------------------------------------------- */

test("it sorts, numbers from the largest, words from a", "few", {}, async (page) => {
    const button = (name) => page.locator("#sites > thead").getByRole("button", { name });
    const order = (name) => page.locator("#sites > thead th", { hasText: name }).getAttribute("aria-sort");
    await button("Open").first().click();
    assert.deepEqual(await column(page, 0), ["5", "2", "1"]);
    await button("Kind").click();
    assert.deepEqual(await column(page, 1), ["file", "pipe", "socket"]);
    assert.equal(await order("Kind"), "ascending");
    await button("Kind").click();
    assert.deepEqual(await column(page, 1), ["socket", "pipe", "file"]);
    assert.equal(await order("Kind"), "descending");
    await button("Oldest").click();
    assert.deepEqual(await column(page, 7), ["1m40s", "41s", "4.0s"]);
    await button("Opened").click();
    await button("Opened").click();
    assert.deepEqual(await column(page, 4), ["9", "120", ""], "unknown comes last in both directions");
    assert.equal(await page.locator("th[aria-sort]").count(), 1);
});

test("it filters by kind, module and text, also of stacks and handles", "few", {}, async (page) => {
    assert.equal(await status(page), "3 of 3 sites, 8 handles");
    await page.getByLabel("Kind").selectOption("socket");
    assert.deepEqual(await column(page, 1), ["socket"]);
    assert.equal(await status(page), "1 of 3 sites, 5 handles");
    await page.getByLabel("Module").selectOption("libimage.so.2");
    assert.equal(await status(page), "0 of 3 sites, 0 handles");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.waitForFunction(() => document.getElementById("shown").textContent.startsWith("3 of 3"));
    await page.getByLabel("Text").fill("SERVER.C:210");
    assert.deepEqual((await column(page, 1)).sort(), ["file", "socket"]);
    await page.getByLabel("Text").fill("cat.jpeg");
    assert.deepEqual(await column(page, 1), ["file"]);
    await page.getByLabel("Text").fill("load_image");
    assert.equal(await page.locator("#flame li.found").count(), 1);
});

test("a site unfolds to its stack and handles", "few", {}, async (page) => {
    const handles = page.locator("#sites .handles").first();
    assert.equal(await handles.isVisible(), false);
    await page.locator("#sites summary").first().click();
    assert.equal(await handles.isVisible(), true);
    assert.deepEqual(await page.locator("#sites details[open] ol li").allTextContents(), [
        "connect_upstream src/net/conn.c:42:13 (server+0x10) inlined",
        "handle_request src/server.c:210 (server+0x20)",
        "main src/main.c:7 (server+0x40)",
    ]);
    assert.equal(await handles.locator("tbody tr").count(), 5);
});

test("a link to a site unfolds it", "few", {}, async (page) => {
    const id = await page.locator("#sites > tbody > tr").nth(2).getAttribute("id");
    await page.evaluate((hash) => { location.hash = hash; }, id);
    await page.waitForFunction((one) => document.getElementById(one).querySelector("details").open, id);
});

test("the flame graph zooms in and out", "few", {}, async (page) => {
    const all = await widthOf(page.locator("#flame"));
    const image = frame(page, "load_image"), socket = frame(page, "connect_upstream");
    assert.ok(Math.abs(await widthOf(image) - all / 4) < 1, "2 of 8 handles are a quarter");
    await image.locator(":scope > span").click();
    assert.ok(Math.abs(await widthOf(image) - all) < 1);
    assert.equal(await socket.isVisible(), false);
    assert.match(await page.locator("#flame-status").textContent(), /^load_image 2 handles, 5\.0s$/);
    await page.keyboard.press("Escape");
    assert.ok(Math.abs(await widthOf(image) - all / 4) < 1);
    assert.equal(await socket.isVisible(), true);
    await frame(page, "handle_request").locator(":scope > span").click();
    assert.ok(Math.abs(await widthOf(image) - all * 2 / 7) < 1);
    await frame(page, "handle_request").locator(":scope > span").click();
    assert.ok(Math.abs(await widthOf(image) - all / 4) < 1);
});

test("the flame graph shows ages, too", "few", {}, async (page) => {
    const all = await widthOf(page.locator("#flame"));
    assert.ok(Math.abs(await widthOf(frame(page, "pipes")) - all / 8) < 1);
    await page.getByLabel("how long they were open").check();
    assert.ok(Math.abs(await widthOf(frame(page, "pipes")) - all * 99.5 / 209.5) < 1);
});

test("colours follow the system and the switch", "few", { colorScheme: "dark" }, async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.getByLabel("Colours").selectOption("light");
    assert.equal(await paper(), "rgb(255, 255, 255)");
    await page.getByLabel("Colours").selectOption("");
    assert.equal(await paper(), dark);
    assert.notEqual(dark, "rgb(255, 255, 255)");
    await page.emulateMedia({ colorScheme: "light" });
    await page.getByLabel("Colours").selectOption("dark");
    assert.equal(await paper(), dark);
});

test("the keyboard reaches and works everything, and one sees where it is", "few", {}, async (page) => {
    const order = [];
    for (let i = 0; i < 30; i++) {
        await page.keyboard.press("Tab");
        const one = await page.evaluate(() => {
            const on = document.activeElement;
            return { word: on.closest("label")?.textContent.split(" ")[0] || on.id || on.getAttribute("role") ||
                           on.textContent.trim().split(" ")[0],
                     isMarked: getComputedStyle(on).outlineStyle !== "none", isBody: on === document.body };
        });
        if (one.isBody)
            break;
        assert.ok(one.isMarked, `focus is seen on ${one.word}`);
        order.push(one.word);
    }
    assert.deepEqual(order, ["Colours", "Text", "Kind", "Module", "Clear", "Open", "Kind", "Place", "Module", "Opened",
        "Closed", "Peak", "Oldest", "connect_upstream", "load_image", "(server+0x77)", "by-handles", "treeitem", "In"]);
    await page.locator("#sites > thead button").first().focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Space");
    assert.deepEqual(await column(page, 0), ["1", "2", "5"]);
    await page.locator("#sites summary").first().focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#sites details[open]").count(), 1);
    await page.locator("#flame [tabindex='0']").focus();
    for (const [key, name] of [["ArrowDown", "main"], ["ArrowDown", "(server+0x77)"], ["ArrowRight", "handle_request"],
        ["ArrowDown", "connect_upstream"], ["ArrowRight", "load_image"], ["ArrowRight", "load_image"],
        ["ArrowLeft", "connect_upstream"], ["ArrowUp", "handle_request"], ["Home", "server"]]) {
        await page.keyboard.press(key);
        assert.ok((await focused(page)).startsWith(`${name} `), `${key} leads to ${name}`);
    }
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    for (const key of ["Enter", "Space"]) {
        await page.keyboard.press(key);
        assert.equal(await page.locator("#flame li.aside").count(), key === "Enter" ? 1 : 0);
    }
    await page.locator("#by-handles").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator("#by-age").isChecked(), true);
});

test("what is folded is unfolded on paper", "few", {}, async (page) => {
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await page.locator("details:not([open])").count(), 0);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await page.locator("details[open]").count(), 0);
    assert.ok((await page.pdf()).length > 10000);
});

test("without script all of it is there", "few", { javaScriptEnabled: false }, async (page) => {
    assert.equal(await page.locator("#filter").isVisible(), false);
    assert.equal(await page.locator("#theme").isVisible(), false);
    assert.equal(await page.locator("#sites > tbody > tr").count(), 3);
    await page.locator("#sites summary").nth(1).click();
    assert.equal(await page.getByText("/srv/images/cat.jpeg").first().isVisible(), true);
    const all = (await page.locator("#flame").boundingBox()).width;
    assert.ok(Math.abs(await widthOf(frame(page, "load_image")) - all / 4) < 1);
    await page.getByLabel("how long they were open").check();
    assert.ok(Math.abs(await widthOf(frame(page, "pipes")) - all * 99.5 / 209.5) < 1);
    await page.getByText("In numbers").click();
    assert.equal(await page.locator("#timeline ~ details tbody tr").last().textContent(), "1m40s8");
});

for (const colorScheme of ["light", "dark"])
    for (const width of [1280, 360])
        for (const name of ["none", "few", "hostile"])
            test(`everybody can use ${name}, ${colorScheme}, ${width} wide`, name,
                { colorScheme, viewport: { width, height: 800 } }, async (page) => {
                    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
                    await fitsItsWidth(page);
                    await accessible(page, name);
                });

/* --- other pages -------------------------------------------------------------------------------------------- */

test("nothing of what a program says runs", "hostile", {}, async (page) => {
    assert.match(await page.title(), /^leftopen: 16 misuses, 16 handles left open by /);
    for (const summary of await page.locator("#sites summary").all())
        await summary.click();
    await page.getByLabel("Text").fill("</script>");
    assert.match(await status(page), /^[1-9]\d* of 16 sites/);
    assert.equal(await page.evaluate(() => document.querySelectorAll("script").length), 1);
    assert.match(await page.title(), /^leftopen: 16 misuses, 16 handles left open by /);
});

test("10,000 sites are shown in parts, searched and sorted whole", "many", {}, async (page) => {
    const rows = page.locator("#sites > tbody > tr");
    assert.equal(await status(page), "10000 of 10000 sites, 19999 handles; the first 200 are shown");
    assert.equal(await rows.count(), 200);
    await page.getByRole("button", { name: "Show more" }).click();
    assert.equal(await rows.count(), 400);
    assert.equal(await page.evaluate(() => document.activeElement.closest("tr") ===
        document.querySelectorAll("#sites > tbody > tr")[200]), true);
    await page.getByLabel("Text").fill("/var/lib/server/data/9998/");
    assert.equal(await status(page), "1 of 10000 sites, 3 handles");
    await page.locator("#sites summary").click();
    await page.locator("#sites details[open] ol li").last().waitFor();
    assert.equal(await page.locator("#sites details[open] ol li").count(), 8);
    assert.equal(await page.locator("#sites details[open] .handles tbody tr").count(), 3);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.locator("#sites > thead").getByRole("button", { name: "Place" }).click();
    assert.equal((await column(page, 2))[0].split(" ")[0], "component_0_function_of_some_length_0");
});

test("frames of a flame graph are never wider than their share", "many", {}, async (page) => {
    const wide = await page.locator("#flame li > span").evaluateAll((names) => names.filter((name) =>
        name.getBoundingClientRect().width > name.parentElement.getBoundingClientRect().width + 0.01).length);
    assert.equal(wide, 0);
    assert.ok(await page.locator("#flame li").count() > 1000);
});

test("10,000 sites without script: all rows, and a word on what is missing", "many", { javaScriptEnabled: false },
    async (page) => {
        assert.equal(await page.locator("#sites > tbody > tr").count(), 10000);
        assert.equal(await page.locator("noscript p").isVisible(), true);
        assert.equal(await page.locator("#sites > tbody > tr").nth(9999).isVisible(), true);
    });

/* --- running ------------------------------------------------------------------------------------------------- */

async function run(browser, { name, page: file, options, body }) {
    const context = await browser.newContext({ offline: true, ...options });
    const page = await context.newPage(), address = `file://${folder}/${file}.html`;
    const requests = [], complaints = [];
    page.setDefaultTimeout(60000);
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => complaints.push(dialog.message()));
    try {
        await page.goto(address);
        await body(page);
        assert.deepEqual(requests, [address], "the only request is the page itself");
        assert.deepEqual(complaints, [], "the console is empty");
        return true;
    } catch (error) {
        console.log(`FAILED: ${name}: ${error.message.slice(0, 1000)}`);
        return false;
    } finally {
        await context.close();
    }
}

const browser = await chromium.launch({
    executablePath: process.argv[3],
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
let passed = 0;
for (const one of tests)
    passed += await run(browser, one);
await browser.close();
console.log(`${passed} passed, ${tests.length - passed} failed`);
process.exitCode = passed === tests.length ? 0 : 1;
