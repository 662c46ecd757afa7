// Runs the module, so that the page stays usable meanwhile. Each message is a call with its input: a file or text. The answer
// has the output, or a message and whether the module stopped.
'use strict';

let loaded;
// One call after the other: reading a file takes several steps, and the buffers are those of one call.
let last = Promise.resolve();
onmessage = ({ data }) => {
  if (data.module) loaded = load(data.module);
  else last = last.then(() => answer(data));
};

async function load(compressed) {
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return WebAssembly.instantiate(await new Response(stream).arrayBuffer(), {});
}

async function answer({ id, call, input }) {
  let stopped = true;
  try {
    const started = performance.now();
    const { exports } = (await loaded).instance;
    stopped = false;
    await (typeof input === 'string' ? ofText(exports, input) : ofFile(exports, input));
    // An exception from here on is not an answer.
    stopped = true;
    const failed = exports[call]();
    const output = new Uint8Array(exports.memory.buffer, exports.page_output() >>> 0, exports.page_output_size() >>> 0);
    stopped = false;
    if (failed) throw new Error(new TextDecoder().decode(output));
    // What is JSON is parsed here, because it may be long.
    const result = call === 'page_write' ? output.slice().buffer : JSON.parse(new TextDecoder().decode(output));
    const milliseconds = performance.now() - started;
    postMessage({ id, result, milliseconds }, result instanceof ArrayBuffer ? [result] : []);
  } catch (error) {
    postMessage({ id, message: error.message, stopped });
  }
}

function place(exports, size) {
  const address = exports.page_input(size) >>> 0;
  if (!address) throw new Error(`a page does not get ${size} bytes of memory; use the program redump`);
  return (offset, bytes) => new Uint8Array(exports.memory.buffer, address + offset, bytes.length).set(bytes);
}

function ofText(exports, text) {
  const bytes = new TextEncoder().encode(text);
  place(exports, bytes.length)(0, bytes);
}

async function ofFile(exports, file) {
  if (file.size >= 2 ** 31) throw new Error('the file is larger than 2 GiB; use the program redump');
  const put = place(exports, file.size);
  // In pieces, so that the file is not in memory twice.
  const piece = 2 ** 24;
  for (let offset = 0; offset < file.size; offset += piece) {
    put(offset, new Uint8Array(await file.slice(offset, offset + piece).arrayBuffer()));
  }
}
