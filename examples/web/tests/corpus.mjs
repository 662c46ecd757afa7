// Compares the module with the native program on every dump in some folders:
//
//     node examples/web/tests/corpus.mjs MODULE REDUMP FOLDER...
//
// Both must write the same bytes or report the same error. The module must not import anything, nor stop. Compressed blocks are
// compared after they are unpacked, because the LZ4 encoder finds other matches where pointers have 32 bits.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OPTIONS = ['/m', '/mirR', '/mA', '/ms', '/f', '--walk=names --identify /mFhut', '--managed --compress /ma'];

const [modulePath, redump, ...folders] = process.argv.slice(2);
const module = await WebAssembly.compile(readFileSync(modulePath));
const imports = WebAssembly.Module.imports(module);
const scratch = mkdtempSync(join(tmpdir(), 'userdump-web-'));
const faults = imports.map(({ module: from, name }) => `the module imports ${from}.${name}`);
const counts = { dumps: 0, results: 0, refused: 0 };

// Calls a function of the module with this input.
function call({ exports }, name, input) {
  const address = exports.page_input(input.length) >>> 0;
  new Uint8Array(exports.memory.buffer, address, input.length).set(input);
  const failed = exports[name]();
  const output = new Uint8Array(exports.memory.buffer, exports.page_output() >>> 0, exports.page_output_size() >>> 0);
  return { failed, output: Buffer.from(output) };
}

// Runs the native program. A result that no debugger opens has the exit code 3.
function native(words, path) {
  const output = join(scratch, 'result.dmp');
  rmSync(output, { force: true });
  let code = 0;
  let text = '';
  try {
    execFileSync(redump, [...words.split(' '), path, output], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    code = error.status;
    text = error.stderr.toString();
  }
  if (code === 0 || code === 3) return { failed: 0, output: readFileSync(output) };
  return { failed: 1, output: Buffer.from(text.trimEnd().replace(`redump: ${path}: `, '')) };
}

// True if both are the same, as files or after the native program has unpacked them.
function isSame(words, found, wanted) {
  if (found.failed || wanted.failed || !words.includes('--compress')) {
    return found.failed === wanted.failed && found.output.equals(wanted.output);
  }
  const unpacked = ({ output }) => {
    const path = join(scratch, 'compressed.dmp');
    writeFileSync(path, output);
    return native('/ma', path).output;
  };
  return unpacked(found).equals(unpacked(wanted));
}

function check(path) {
  const bytes = readFileSync(path);
  const instance = new WebAssembly.Instance(module, {});
  const { failed, output } = call(instance, 'page_open', bytes);
  // It has to be JSON.
  if (!failed) JSON.parse(output);
  counts.dumps += 1;
  for (const words of OPTIONS) {
    const wanted = native(words, path);
    const input = Buffer.from(words);
    const found = failed ? { failed, output } : call(instance, 'page_write', input);
    if (!isSame(words, found, wanted)) {
      const shown = ({ failed, output }) => (failed ? output.toString() : `${output.length} bytes`);
      faults.push(`${path} ${words}: ${shown(found)}, expected ${shown(wanted)}`);
    }
    counts[wanted.failed ? 'refused' : 'results'] += 1;
    if (failed) continue;
    const plan = call(instance, 'page_plan', input);
    if (plan.failed !== found.failed || (!plan.failed && JSON.parse(plan.output).size !== found.output.length)) {
      faults.push(`${path} ${words}: the plan and the result disagree`);
    }
    const strings = call(instance, 'page_strings', input);
    if (strings.failed !== found.failed || (!strings.failed && !JSON.parse(strings.output).rows)) {
      faults.push(`${path} ${words}: the text in the result cannot be listed`);
    }
  }
}

for (const folder of folders) {
  for (const name of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.dmp')).sort()) {
    try {
      check(join(folder, name));
    } catch (error) {
      faults.push(`${join(folder, name)}: ${error.message}`);
    }
  }
}
rmSync(scratch, { recursive: true });
console.log(`${counts.dumps} dumps: ${counts.results} results as the native program writes them, ${counts.refused} refused by both`);
if (!counts.dumps) faults.push('there are no dumps');
faults.forEach((fault) => console.error(fault));
process.exit(faults.length ? 1 : 0);
