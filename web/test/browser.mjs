// As much of a browser as the modules under test want when they are loaded, and a WebSocket that a test plays the server of.
class Events {
  #heard = new Map();
  addEventListener = (name, run) => this.#heard.set(name, [...(this.#heard.get(name) ?? []), run]);
  removeEventListener = () => {};
  dispatch = (name, event = {}) => (this.#heard.get(name) ?? []).forEach(run => run(event));
}

const page = new Events();
const root = { lang: '', dataset: {} };

class Socket {
  static all = [];
  static OPEN = 1;
  constructor(url) {
    this.url = url;
    Socket.all.push(this);
  }
  close() {}
  opens() { this.onopen?.(); }
  says(message) { this.onmessage?.({ data: JSON.stringify(message) }); }
  ends(code) { this.onclose?.({ code }); }
}

Object.assign(globalThis, {
  location: { search: '', pathname: '/desk', hash: '', protocol: 'http:', host: 'test', assign: to => { globalThis.wentTo = to; } },
  document: { documentElement: root, title: '', hidden: false },
  localStorage: { getItem: () => null, setItem: () => {}, removeItem: () => {} },
  matchMedia: () => ({ matches: false, addEventListener: () => {} }),
  addEventListener: page.addEventListener,
  removeEventListener: page.removeEventListener,
  dispatch: page.dispatch,
  WebSocket: Socket,
});
// The page's clock ticks for ever; a test ends.
const every = globalThis.setInterval;
globalThis.setInterval = (...of) => every(...of).unref();
