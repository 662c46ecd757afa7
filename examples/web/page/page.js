// Opens files, and shows what the choices lead to.

const $ = (id) => document.getElementById(id);
const moduleBytes = Uint8Array.from(atob($('module').textContent), (character) => character.charCodeAt(0));
const workerUrl = URL.createObjectURL(new Blob([$('worker').textContent], { type: 'text/javascript' }));

// A module in a worker. After it stopped, it is not used again.
class Engine {
  #worker = new Worker(workerUrl);
  #waiting = new Map();
  #next = 0;
  isUsed = false;

  constructor() {
    this.#worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.#waiting.get(data.id) ?? {};
      this.#waiting.delete(data.id);
      if (data.message === undefined) resolve?.(data);
      else reject?.(Object.assign(new Error(data.message), { stopped: data.stopped }));
    };
    this.#worker.postMessage({ module: moduleBytes });
  }

  ask(call, input) {
    this.isUsed = true;
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, input });
    });
  }

  end() {
    this.#worker.terminate();
    this.#waiting.forEach(({ reject }) => reject(new Error('another dump was opened')));
  }
}

let engine = new Engine();
let opened; // The file whose dump the engine has.
let shownWords; // The options whose result is shown.
let asked = 0; // Which file was asked for last.
let planning = false;

function say(text) {
  $('status').textContent = text;
}

function fail(text) {
  $('error').textContent = text;
  $('error').hidden = !text;
}

const fault = (error) => (error.stopped
  ? `The module stopped (${error.message}). It was started again; please report this with the dump, if you may share it.`
  : error.message);

async function open(file) {
  const mine = ++asked;
  const started = performance.now();
  // A new module has a new memory: that of the old one would stay as large as it was.
  if (engine.isUsed) restart();
  opened = undefined;
  shownWords = undefined;
  $('dump').hidden = true;
  fail('');
  say(`Reading ${file.name}, ${size(file.size)} …`);
  try {
    const { result } = await engine.ask('page_open', file);
    if (mine !== asked) return;
    opened = file;
    offer(result.choices);
    $('contents').replaceChildren(...contentsView(result).filter(Boolean));
    $('dump').hidden = false;
    await plan();
    if (mine !== asked) return;
    const milliseconds = Math.round(performance.now() - started);
    say(`${file.name}, ${size(file.size)}, opened in ${milliseconds} ms`);
    document.title = `${file.name} - userdump`;
    document.body.dataset.opened = file.name;
    document.body.dataset.milliseconds = milliseconds;
  } catch (error) {
    if (mine !== asked) return;
    if (error.stopped) restart();
    say('');
    fail(`${file.name}: ${fault(error)}`);
  }
}

function restart() {
  engine.end();
  engine = new Engine();
}

// The choices, as checkboxes. They are the same for all dumps.
function offer({ common, letters, rare, others }) {
  if ($('common').children.length) return;
  const choice = (type, name, value, title, text) => el('label', { class: 'choice' },
    el('input', { type, name, value, onchange: () => chosen(name, value) }),
    el('span', {}, title, ' ', el('small', {}, text)));
  $('common').append(...common.map(([words, name, text]) => choice('radio', 'common', words, name, text)));
  for (const [letter, text] of letters) {
    $(rare.includes(letter) ? 'rare' : 'letters').append(choice('checkbox', 'letter', letter, code(letter), text));
  }
  $('others').append(...others.map(([word, text]) => choice('checkbox', 'other', word, code(word), text)));
  choose(common[0][0]);
}

// The order in which people write letters: /mFhut.
const ORDER = 'fFhutipwdceyTaArRsPNMD';

const boxes = (name) => [...document.querySelectorAll(`input[name=${name}]`)];

// Sets the choices to options as they are written on a command line.
function choose(words) {
  const list = words.split(' ');
  const letters = list.find((word) => word.startsWith('/m')) ?? '';
  boxes('letter').forEach((box) => { box.checked = letters.slice(2).includes(box.value); });
  boxes('other').forEach((box) => { box.checked = list.includes(box.value); });
  settle();
}

function settle() {
  const isOld = boxes('other').find((box) => box.value === '/f').checked;
  [...boxes('letter'), ...boxes('other')].forEach((box) => { box.disabled = isOld && box.value !== '/f'; });
  boxes('common').forEach((box) => { box.checked = box.value === chosenWords(); });
}

function chosenWords() {
  const checked = (name) => boxes(name).filter((box) => box.checked && !box.disabled).map((box) => box.value);
  const others = checked('other');
  if (others.includes('/f')) return '/f';
  const letters = [...ORDER].filter((letter) => checked('letter').includes(letter));
  return [...others, `/m${letters.join('')}`].join(' ');
}

function chosen(name, value) {
  if (name === 'common') choose(value);
  else settle();
  plan();
}

const resultName = () => {
  const base = opened.name.replace(/\.[^.]{1,5}$/, '');
  return `${base}-${/\/m.*[rRs]/.test(shownWords) ? 'shared' : 'small'}.dmp`;
};

// Shows what the choices lead to. While one plan is made, only the last choice waits.
async function plan() {
  if (planning) return;
  planning = true;
  $('result').setAttribute('aria-busy', 'true');
  const file = opened;
  for (let words; opened && opened === file && shownWords !== (words = chosenWords());) {
    let view;
    try {
      const { result } = await engine.ask('page_plan', words);
      view = () => leavingView(result, actions(words));
    } catch (error) {
      view = () => [el('p', { class: 'error', role: 'alert' }, fault(error))];
      if (error.stopped) await again();
    }
    if (opened !== file) break;
    shownWords = words;
    $('result').replaceChildren(...view().flat(Infinity).filter(Boolean));
    $('command').textContent = `redump ${words} ${opened.name} ${resultName()}`;
  }
  planning = false;
  $('result').removeAttribute('aria-busy');
  if (opened !== file && opened) await plan();
}

// Starts the module again, with the same dump.
async function again() {
  restart();
  if (opened) await engine.ask('page_open', opened);
}

function actions(words) {
  const button = (text, id, work) => el('button', {
    type: 'button', id, class: id, onclick: async (event) => {
      event.target.disabled = true;
      try {
        await work();
      } catch (error) {
        if (error.stopped) await again().catch(() => {});
        $('result').prepend(el('p', { class: 'error', role: 'alert' }, fault(error)));
      }
      event.target.disabled = false;
    },
  }, text);
  return [
    button('Save the dump', 'save', async () => {
      const { result } = await engine.ask('page_write', words);
      const url = URL.createObjectURL(new Blob([result], { type: 'application/octet-stream' }));
      el('a', { href: url, download: resultName() }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    }),
    button('Show the text in it', 'look', async () => {
      const { result } = await engine.ask('page_strings', words);
      $('strings')?.remove();
      $('result').append(stringsView(result));
      $('strings').scrollIntoView({ block: 'nearest' });
    }),
  ];
}

$('file').addEventListener('change', (event) => {
  const [file] = event.target.files;
  if (file) open(file);
  // So that the same file can be chosen again.
  event.target.value = '';
});
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('over', name === 'dragenter' || name === 'dragover');
    const [file] = (name === 'drop' && event.dataTransfer?.files) || [];
    if (file) open(file);
  });
}
