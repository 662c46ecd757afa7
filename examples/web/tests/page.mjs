// Uses the page as a person does, in Chromium without a window:
//
//     node examples/web/tests/page.mjs PAGE REDUMP CHROMIUM [--pictures FOLDER] [DUMP...]
//
// REDUMP is the native program: what the page saves must be what it writes. Each further DUMP is opened
// five times, and the time from choosing the file to the size of the result is printed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';

import { Browser } from './browser.mjs';

const words = process.argv.slice(2);
const at = words.indexOf('--pictures');
const pictures = at < 0 ? undefined : words.splice(at, 2)[1];
const [page, redump, chromium, ...large] = words.map((word, index) => (index === 2 ? word : resolve(word)));
const [fixture, userDump] = ['quick-start.dmp', 'full-user-dump.dmp'].map((name) => (
  fileURLToPath(new URL(`../../../tests/fixtures/${name}`, import.meta.url))));

const browser = await Browser.start(chromium);
const scratch = browser.folder;
mkdirSync(join(scratch, 'saved'));
let steps = 0;

async function step(name, work) {
  try {
    await work();
    steps += 1;
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}

const text = (selector) => browser.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`);
const shows = async (selector, ...parts) => {
  const found = (await text(selector)).replace(/\s+/g, ' ');
  parts.forEach((part) => assert.ok(found.includes(part), `${selector} lacks ${JSON.stringify(part)}:\n${found}`));
};

// Waits until a file is open, by either way.
async function opened(path) {
  await browser.until(`document.body.dataset.opened === ${JSON.stringify(basename(path))}`);
  return Number(await browser.evaluate('document.body.dataset.milliseconds'));
}

async function open(path) {
  await browser.evaluate('delete document.body.dataset.opened');
  await browser.choose('#file', path);
  return opened(path);
}

async function refused(path) {
  await browser.evaluate('document.getElementById("error").hidden = true');
  await browser.choose('#file', path);
  await browser.until('!document.getElementById("error").hidden');
  assert.equal(await browser.evaluate('document.getElementById("dump").hidden'), true);
  return text('#error');
}

const click = (selector) => browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
// Waits until the result of these options is shown.
const planned = (options) => browser.until(`shownWords === ${JSON.stringify(options)} && !planning`);

// Unpacks compressed memory, whose blocks depend on the size of pointers.
function plain(path, options) {
  if (!options.includes('--compress')) return readFileSync(path);
  const output = join(scratch, 'plain.dmp');
  rmSync(output, { force: true });
  execFileSync(redump, ['/ma', path, output], { stdio: ['ignore', 'ignore', 'inherit'] });
  return readFileSync(output);
}

// Saves the result, compares it with that of the native program, and returns its size.
async function save(path, options) {
  const saved = join(scratch, 'saved', basename(path).replace(/\.dmp$/, /\/m.*[rRs]/.test(options) ? '-shared.dmp' : '-small.dmp'));
  rmSync(saved, { force: true });
  await click('#save');
  const wanted = join(scratch, 'wanted.dmp');
  rmSync(wanted, { force: true });
  execFileSync(redump, [...options.split(' '), path, wanted], { stdio: ['ignore', 'ignore', 'inherit'] });
  // It has its name when it is complete.
  for (let tries = 0; tries < 500 && !existsSync(saved); tries += 1) {
    await new Promise((done) => { setTimeout(done, 20); });
  }
  assert.ok(plain(saved, options).equals(plain(wanted, options)), `${options}: the page saves other bytes than redump writes`);
  return statSync(saved).size;
}

async function picture(name, how) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, `${name}.png`), await browser.picture(how));
}

await browser.visit(pathToFileURL(page).href);

await step('before a dump is open', async () => {
  await shows('body', 'Drop a dump here', 'cannot connect to anything');
  await picture('empty', { width: 1200, dark: false });
});

await step('the contents of a dump', async () => {
  await open(fixture);
  await shows('#contents', 'minidump of 89938 bytes', 'amd64 on windows 6.1.7601 Service Pack 1, process 288',
    'ACCESS_VIOLATION (0xc0000005) writing 0x1234', 'victim.exe+0x179a', 'No findings', '0x12c', 'kernel32.dll', 'MiscInfo');
  await shows('#text', 'threads: 5 ', 'C:\\victim\\victim.exe', 'no findings');
});

await step('the smallest dump, as by default', async () => {
  await planned('/m');
  await shows('#result', '38,668 bytes', '43 %', 'What would leave', 'Text and numbers on stacks', 'C:\\victim', 'ThreadInfoList');
  await shows('#command', 'redump /m quick-start.dmp quick-start-small.dmp');
  assert.equal(await save(fixture, '/m'), 38668);
  await picture('light', { width: 1200, dark: false });
});

await step('letters, one by one', async () => {
  assert.ok(await browser.evaluate(`boxes('letter').map((box) => box.value).sort().join('') === [...ORDER].sort().join('')`));
  for (const letter of 'Fhut') await click(`input[name=letter][value=${letter}]`);
  await click('input[name=other][value="--walk=names"]');
  await planned('--walk=names /mFhut');
  await shows('#result', 'h: the source has no HandleData');
  await save(fixture, '--walk=names /mFhut');
});

await step('a dump to share', async () => {
  await click('input[name=common][value="--walk /mrR"]');
  await planned('--walk /mrR');
  const folders = '[...document.querySelectorAll("#privacy li")].find((row) => row.textContent.includes("Folders")).textContent';
  assert.match(await browser.evaluate(folders), /^removed/);
  await save(fixture, '--walk /mrR');
  await click('#look');
  await browser.until('document.querySelector("#strings")');
  await shows('#strings', 'victim.exe');
  assert.ok(!(await text('#strings')).includes('C:\\victim'), 'a folder is left');
  await browser.evaluate(`{ const field = document.querySelector('#strings input'); field.value = 'kernelbase';
    field.dispatchEvent(new Event('input')); }`);
  await shows('#strings [role=status]', '1 of ');
  await picture('dark', { width: 1200, dark: true });
  await picture('narrow', { width: 400, dark: false });
});

await step('compressed, and for strangers', async () => {
  await click('input[name=common][value="--compress /ma"]');
  await planned('--compress /ma');
  const size = await save(fixture, '--compress /ma');
  await shows('#result', size.toLocaleString('en'));
  await click('input[name=common][value="--walk /ms"]');
  await planned('--walk /ms');
  await save(fixture, '--walk /ms');
});

await step('options that exclude each other', async () => {
  await click('input[name=letter][value=y]');
  await planned('--walk /mys');
  await shows('#result', 'a triage dump cannot have the extended contexts');
  await click('input[name=letter][value=y]');
  await planned('--walk /ms');
});

await step('the older format, to and from', async () => {
  await click('input[name=other][value="/f"]');
  await planned('/f');
  await save(fixture, '/f');
  await click('input[name=other][value="/f"]');
  await open(userDump);
  await shows('#contents', 'USERDU64', 'ACCESS_VIOLATION');
  await click('input[name=common][value="/m"]');
  await planned('/m');
  await save(userDump, '/m');
});

await step('a dump that is dropped', async () => {
  await browser.evaluate('delete document.body.dataset.opened');
  await browser.drop(fixture);
  await opened(fixture);
  await shows('#contents', 'victim.exe+0x179a');
});

await step('damaged files', async () => {
  const cut = join(scratch, 'cut.dmp');
  writeFileSync(cut, readFileSync(fixture).subarray(0, 20000));
  await open(cut);
  await shows('#contents', 'file-truncated', 'the file ends at 20000 of at least');
  await picture('damaged', { width: 1200, dark: false });
  const short = join(scratch, 'short.dmp');
  writeFileSync(short, readFileSync(fixture).subarray(0, 20));
  assert.match(await refused(short), /short\.dmp: /);
  const empty = join(scratch, 'empty.dmp');
  writeFileSync(empty, '');
  assert.match(await refused(empty), /empty\.dmp: /);
  const other = join(scratch, 'archive.dmp');
  writeFileSync(other, 'PK\x03\x04'.padEnd(100, 'x'));
  // What the native program says.
  const native = () => execFileSync(redump, ['/m', other, join(scratch, 'none.dmp')], { stdio: 'pipe' });
  assert.throws(native, (error) => error.stderr.toString().includes('ZIP'));
  assert.match(await refused(other), /ZIP/);
  await picture('refused', { width: 1200, dark: false });
});

await step('a dump after files that are none', async () => {
  await open(fixture);
  assert.equal(await browser.evaluate('document.getElementById("error").hidden'), true);
});

for (const path of large) {
  await step(path, async () => {
    await click('input[name=common][value="/m"]');
    await planned('/m');
    const times = [];
    for (let run = 0; run < 5; run += 1) times.push(await open(path));
    times.sort((a, b) => a - b);
    console.log(`${basename(path)}, ${statSync(path).size} bytes: opened in ${times[2]} ms (${times[0]} to ${times[4]})`);
    for (const options of ['/m', '--compress /ma']) {
      await click(`input[name=common][value="${options}"]`);
      await planned(options);
      await save(path, options);
    }
    await picture('large', { width: 1200, dark: false });
  });
}

await step('no script failed, and nothing was refused by the policy', () => assert.deepEqual(browser.messages, []));

await step('a module that stops', async () => {
  // The same page with a module whose functions are `unreachable`, except `page_input`, which returns 16.
  const name = (text) => [text.length, ...Buffer.from(text)];
  const section = (id, ...bytes) => [id, bytes.length, ...bytes];
  const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, 2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f),
    ...section(3, 2, 0, 1), ...section(5, 1, 0, 16),
    ...section(7, 3, ...name('memory'), 2, 0, ...name('page_input'), 0, 0, ...name('page_open'), 0, 1),
    ...section(10, 2, 4, 0, 0x41, 16, 0x0b, 3, 0, 0x00, 0x0b)]);
  const stopping = join(scratch, 'stopping.html');
  const found = /(<script type="text\/plain" id="module">)[^<]*/;
  writeFileSync(stopping, readFileSync(page, 'utf8').replace(found, `$1${deflateSync(module).toString('base64')}`));
  await browser.visit(pathToFileURL(stopping).href);
  for (const _ of [1, 2]) assert.match(await refused(fixture), /quick-start\.dmp: The module stopped \(.*started again/);
});

await step('no connection', async () => {
  await browser.visit(pathToFileURL(page).href);
  const tried = `fetch('data:,x').then(() => 'connected', () => 'refused')`;
  assert.equal(await browser.evaluate(tried), 'refused');
});

await browser.end();
console.log(`${steps} steps of the page passed`);
