// Starts Chromium without a window and controls it over pipes: messages of the DevTools protocol, each with a NUL at its end.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENCE = 60000;

export class Browser {
  #process;
  #waiting = new Map();
  #next = 1;
  #session;
  // What the page reported: errors of its scripts, and violations of its policy.
  messages = [];
  folder = mkdtempSync(join(tmpdir(), 'userdump-chromium-'));

  static async start(program) {
    const browser = new Browser();
    const options = ['--headless', '--remote-debugging-pipe', '--no-first-run', '--disable-gpu', '--hide-scrollbars',
      '--force-device-scale-factor=1', `--user-data-dir=${browser.folder}/profile`];
    // The sandbox does not work for the superuser, as in containers.
    if (process.getuid?.() === 0) options.push('--no-sandbox');
    browser.#process = spawn(program, options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    let text = '';
    browser.#process.stdio[4].setEncoding('utf8').on('data', (piece) => {
      const parts = (text + piece).split('\0');
      text = parts.pop();
      parts.forEach((part) => browser.#receive(JSON.parse(part)));
    });
    return browser;
  }

  #receive({ id, result, error, method, params }) {
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
    if (method === 'Runtime.exceptionThrown') this.messages.push(params.exceptionDetails.exception?.description ?? 'exception');
    if (method === 'Log.entryAdded' && params.entry.level === 'error') this.messages.push(params.entry.text);
  }

  send(method, params = {}, sessionId = this.#session) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      setTimeout(() => reject(new Error(`no answer to ${method}`)), PATIENCE).unref();
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  // Opens a page in a new tab, and controls that from now on.
  async visit(url) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' }, undefined);
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true }, undefined);
    this.#session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log', 'DOM']) await this.send(`${domain}.enable`);
    const behavior = { behavior: 'allow', downloadPath: join(this.folder, 'saved') };
    await this.send('Browser.setDownloadBehavior', behavior, undefined);
    await this.send('Page.navigate', { url });
    await this.until('document.readyState === "complete"');
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate',
      { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  // Waits until an expression is true, and returns its value.
  async until(expression) {
    for (const end = Date.now() + PATIENCE; Date.now() < end;) {
      const value = await this.evaluate(expression);
      if (value) return value;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    throw new Error(`still not so: ${expression}`);
  }

  async choose(selector, path) {
    const { root } = await this.send('DOM.getDocument');
    const { nodeId } = await this.send('DOM.querySelector', { nodeId: root.nodeId, selector });
    await this.send('DOM.setFileInputFiles', { nodeId, files: [path] });
  }

  async drop(path) {
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop']) {
      await this.send('Input.dispatchDragEvent', { type, x: 200, y: 150, data });
    }
  }

  // Takes a picture of the whole page.
  async picture({ width, dark }) {
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
    await this.send('Emulation.setEmulatedMedia', { features });
    await this.send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 });
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(data, 'base64');
  }

  async end() {
    const ended = new Promise((resolve) => { this.#process.once('exit', resolve); });
    await this.send('Browser.close', {}, undefined).catch(() => this.#process.kill());
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
