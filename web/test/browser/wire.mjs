// A way to the daemon's pages that can be cut.
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

export class Wire {
  #sockets = new Set();
  #isCut = false;

  static async to(host) {
    const [ip, port] = host.split(':');
    const wire = new Wire();
    wire.server = createServer(near => wire.#joins(near, ip, Number(port)));
    wire.server.listen(0, '127.0.0.1');
    await once(wire.server, 'listening');
    wire.url = `http://127.0.0.1:${wire.server.address().port}`;
    return wire;
  }

  #joins(near, ip, port) {
    if (this.#isCut) return near.destroy();
    const far = connect(port, ip);
    for (const [one, other] of [[near, far], [far, near]]) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  /** Everything that stands is gone, and nothing comes through. */
  cut() {
    this.#isCut = true;
    this.#sockets.forEach(socket => socket.destroy());
  }

  mend() {
    this.#isCut = false;
  }

  close() {
    this.cut();
    this.server.close();
  }
}
