// Makes elements. Text from a dump only ever becomes text.

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

const number = (value) => value.toLocaleString('en');

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ['KB', 'MB', 'GB'];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), 3);
  const value = bytes / 1000 ** power;
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ${units[power - 1]}`;
}

// A table with a heading for each column. A cell is text or an element; columns in `right` have numbers.
function table(title, columns, rows, right = []) {
  const side = (index) => (right.includes(index) ? 'number' : null);
  return el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': title },
    el('table', {},
      el('thead', {}, el('tr', {}, columns.map((name, index) => el('th', { scope: 'col', class: side(index) }, name)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell, index) => el('td', { class: side(index) }, cell)))))));
}

// A part that can be opened and closed; nothing without rows.
function part(title, count, open, ...content) {
  if (!count) return null;
  return el('details', { open }, el('summary', {}, title, ' ', el('span', { class: 'count' }, number(count))), content);
}

// Sentences of the module have plain numbers.
const grouped = (text) => text.replace(/\b\d{5,}\b/g, (digits) => number(Number(digits)));

const more = ({ count, rows }) => (count > rows.length ? el('p', {}, `and ${number(count - rows.length)} more`) : null);
const code = (text) => (text == null || text === '' ? '' : el('code', {}, text));
const hex = (value) => `0x${value.toString(16)}`;

// Everything that is in a dump.
function contentsView(dump) {
  const { threads, modules, streams, unloaded, findings } = dump;
  const heading = dump.heading.map((line, index) => el('p', { class: index ? null : 'first' }, line));
  const reasons = dump.exceptions.map((it) => el('div', { class: 'reason' },
    el('strong', {}, it.reason),
    el('p', {}, it.accessed && `accessing ${it.accessed} `, it.lldb && `(${it.lldb}) `,
      'in thread ', code(hex(it.thread)), it.place && [' at ', code(it.place)])));
  const found = findings.count
    ? part('Findings', findings.count, true, table('Findings', ['finding', 'what'],
      findings.rows.map((row) => [code(row.code), row.text])), more(findings))
    : el('p', { class: 'sound' }, 'No findings: nothing is damaged or missing.');
  const thread = (row) => [
    [code(hex(row.id)), row.has_exception && el('span', { class: 'badge stays' }, 'exception'), ' ', row.name],
    code(row.place ?? row.instruction), code(row.stack_pointer), row.stack_bytes ? number(row.stack_bytes) : 'none',
    el('ul', {}, row.stack_places.map((place) => el('li', {}, code(place)))),
  ];
  const module = (row) => [code(row.base), number(row.size), row.name, row.version ?? '', code(row.debug_id)];
  const moduleColumns = ['address', 'bytes', 'name', 'version', 'symbols (debug ID)'];
  return [
    el('div', { class: 'card' }, heading, reasons.length ? reasons : el('p', {}, 'It has no exception.')),
    found,
    part('Comments', dump.comments.length, true, dump.comments.map((text) => el('pre', {}, text))),
    part('Threads', threads.count, true,
      table('Threads', ['thread', 'instruction', 'stack pointer', 'stack bytes', 'code that the stack points to'],
        threads.rows.map(thread), [3]), more(threads),
      el('p', { class: 'hint' }, 'Some of the last column are return addresses. A debugger says which.')),
    part('Modules', modules.count, false, table('Modules', moduleColumns, modules.rows.map(module), [1]), more(modules)),
    part('Unloaded modules', unloaded.count, false,
      table('Unloaded modules', moduleColumns.slice(0, 3), unloaded.rows.map((row) => module(row).slice(0, 3)), [1]),
      more(unloaded)),
    part('Streams', streams.count, false, table('Streams', ['stream', 'bytes', 'position'], streams.rows.map((row) => [row.name,
      [number(row.size), row.available < row.size && `, ${number(row.available)} in the file`], code(row.position)]), [1]),
    more(streams)),
    el('details', {}, el('summary', {}, 'As text'), el('pre', { tabindex: 0, id: 'text' }, dump.text)),
  ];
}

const STATES = { stays: 'stays', partly: 'in part', gone: 'removed' };

// What would leave with a result.
function leavingView(leaving, actions) {
  const percent = leaving.source_size ? Math.round((100 * leaving.size) / leaving.source_size) : 0;
  const badge = (state) => el('span', { class: `badge ${state}` }, STATES[state]);
  const kept = leaving.streams.filter((row) => row.is_kept).length;
  const order = ['stays', 'partly', 'gone'];
  const matters = [...leaving.privacy].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return [
    el('div', { class: 'card total' },
      el('p', {}, el('strong', { id: 'size' }, size(leaving.size)), ' ',
        el('span', {}, `${number(leaving.size)} bytes, ${percent || 'less than 1'} % of ${size(leaving.source_size)}`)),
      el('meter', { min: 0, max: 100, value: Math.min(percent, 100), 'aria-label': 'size in percent of the dump' }),
      el('div', { class: 'actions' }, actions)),
    leaving.warnings.map((text) => el('p', { class: 'warning' }, grouped(text))),
    el('h3', {}, 'What would leave'),
    el('ul', { class: 'matters', id: 'privacy' }, matters.map((row) => el('li', {}, badge(row.state),
      el('div', {}, el('strong', {}, row.what), el('span', {}, `${grouped(row.why)}.`),
        row.examples.length > 0 && el('span', { class: 'examples' }, row.examples.map((text) => code(text))))))),
    part('Streams', leaving.streams.length, false,
      el('p', {}, `${kept} are kept, ${leaving.streams.length - kept} are left out. `,
        leaving.made_up.length > 0 && `Added, as the debugger does: ${leaving.made_up.join(', ')}.`),
      table('Streams of the result', ['stream', 'bytes', '', 'what it holds, or why it is left out'],
        leaving.streams.map((row) => [row.name, number(row.size), badge(row.is_kept ? 'stays' : 'gone'),
          row.is_kept ? [row.holds, row.outcome !== 'kept' && `; ${row.outcome}`] : row.outcome]), [1])),
    part('Memory', leaving.memory_ranges, false,
      el('p', {}, `${number(leaving.memory_bytes)} of ${number(leaving.source_memory_bytes)} bytes`,
        leaving.compressed_bytes != null && `, compressed to ${number(leaving.compressed_bytes)}`, '.'),
      table('Memory of the result', ['reason', 'places', 'bytes'],
        leaving.memory.map((row) => [row.kind, number(row.stretches), number(row.bytes)]), [1, 2])),
    part('Notes', leaving.notes.length, false, el('ul', {}, leaving.notes.map((text) => el('li', {}, text)))),
  ];
}

const KINDS = { path: 'paths', address: 'addresses', variable: 'names with values', other: 'other text' };

// The text in a result, and a field to search it.
function stringsView({ count, stopped, rows }) {
  const list = el('div', {});
  const shown = 300;
  const show = (wanted) => {
    const found = rows.filter((row) => row.text.toLowerCase().includes(wanted.toLowerCase()));
    list.replaceChildren(
      el('p', { role: 'status' }, `${number(found.length)} of ${number(count)}${stopped ? ' and more' : ''}`,
        rows.length < count && `; the first ${number(rows.length)} can be searched`),
      ...Object.entries(KINDS).flatMap(([kind, title]) => {
        const some = found.filter((row) => row.kind === kind);
        if (!some.length) return [];
        return [el('h4', {}, `${title} `, el('span', { class: 'count' }, number(some.length))),
          el('ul', { class: 'strings' }, some.slice(0, shown).map((row) => el('li', {}, code(row.text),
            row.times > 1 && ` ${number(row.times)} times`))),
          some.length > shown && el('p', {}, `and ${number(some.length - shown)} more`)].filter(Boolean);
      }));
  };
  show('');
  return el('div', { id: 'strings' }, el('h3', {}, 'Text in the result'),
    el('p', {}, 'Everything in it that reads as text of at least six characters, in 8 or 16 bits. Search it for names, ',
      'passwords and machines.'),
    el('label', {}, 'Search ', el('input', { type: 'search', oninput: (event) => show(event.target.value) })), list);
}
